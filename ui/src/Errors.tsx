import { useEffect, useState } from "react";

import { type RequestFailed, get } from "./airflow";
import { type TaskError } from "./model";

type Meanings = Record<string, { means: string; do: string }>;
let meanings: Promise<Meanings> | null = null;

/** An error with the meaning of its code from the documentation. */
export function ErrorBox({ error }: { error: TaskError }) {
  const [known, setKnown] = useState<Meanings>({});
  useEffect(() => {
    meanings ??= get<Meanings>("errors.json").catch(() => ({}));
    void meanings.then(setKnown);
  }, []);
  const meaning = (error.code && known[error.code]) || known[error.class];
  return (
    <section className="error" role="alert">
      <h2>
        {error.class}
        {error.code && error.code !== error.class && <code>{error.code}</code>}
      </h2>
      <p dir="auto">{error.message}</p>
      {meaning && (
        <dl>
          <dt>Meaning</dt>
          <dd>{meaning.means}</dd>
          <dt>What to do</dt>
          <dd>{meaning.do}</dd>
        </dl>
      )}
      {error.requestId && (
        <p className="muted">
          Request id <code>{error.requestId}</code>
          {error.hostId && (
            <>
              , host id <code>{error.hostId}</code>
            </>
          )}
        </p>
      )}
    </section>
  );
}

export function Problem({ error, retry }: { error: Error | RequestFailed; retry: () => void }) {
  const status = "status" in error ? error.status : 0;
  const words: Record<number, [string, string]> = {
    401: ["You are not logged in", "Log in to Airflow, then load this page again."],
    403: ["You may not see this", "Your role lacks the right to read this DAG's tasks or XComs. Ask an administrator."],
    404: ["There is no such task", "It may have been removed, or its DAG run deleted."],
  };
  const [head, advice] = words[status] ?? [
    "Airflow did not respond as expected",
    status ? `HTTP status ${status}: ${error.message}` : "The server could not be reached.",
  ];
  return (
    <section className="empty" role="alert">
      <h2>{head}</h2>
      <p>{advice}</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </section>
  );
}

/** Why a page that was loaded before is not renewed. */
export function Outdated({ error }: { error: Error | RequestFailed }) {
  const status = "status" in error ? error.status : 0;
  const words: Record<number, string> = {
    401: "You are not logged in any more. Log in, then load this page again.",
    403: "You may not see this any more.",
    404: "The task has been removed.",
  };
  return (
    <p className="tag warn" role="status">
      Not up to date: {words[status] ?? "Airflow does not respond. Trying again."}
    </p>
  );
}
