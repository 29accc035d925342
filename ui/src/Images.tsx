import type { TaskKey } from "./airflow";
import { Player } from "./Player";
import { at, isObject, kindOf, list, number, text } from "./model";
import { useFile } from "./useFile";

export interface Hit {
  id: string;
  score: number | null;
  /** The score of an identical picture. */
  best: number;
  image: string | null;
  extra: string | null;
}

export function readHits(result: unknown): Hit[] | null {
  const images = at(result, "Auctions");
  if (Array.isArray(images)) return images.filter(isObject).map(readImage);
  const matches = at(result, "MatchList");
  if (!Array.isArray(matches)) return null;
  return matches.filter(isObject).map((match) => ({
    id: text(match.EntityId) ?? text(match.DataId) ?? "",
    score: Number(match.Score ?? 0),
    best: 10,
    image: text(match.ImageUrl),
    extra: text(match.ExtraData),
  }));
}

/** An image of an instance of ImageSearch, which returns no address but the user's own text. */
function readImage(image: Record<string, unknown>): Hit {
  const content = text(image.CustomContent);
  const isAddress = content !== null && /^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(content);
  return {
    id: text(image.ProductId) ?? "",
    score: number(image.Score),
    best: 1,
    image: isAddress ? content : null,
    extra: [text(image.PicName), isAddress ? null : content].filter(Boolean).join(" · "),
  };
}

/** A picture of a file, small. */
export function Thumb({ owner, address, label }: { owner: TaskKey; address: string | null; label: string }) {
  const file = useFile(owner, address, null, null);
  return (
    <div className="thumb">
      <Player file={file} kind={kindOf(address ?? "", "image")} label={label} />
    </div>
  );
}

/** The query of an image search and its hits, best first. */
export function Gallery({ owner, query, hits }: { owner: TaskKey; query: string | null; hits: Hit[] }) {
  return (
    <section aria-label="Image search">
      <h2>
        Image search <span className="muted">{hits.length === 1 ? "1 hit" : `${hits.length} hits`}</span>
      </h2>
      <div className="gallery">
        <figure className="query">
          <Thumb owner={owner} address={query} label="Query" />
          <figcaption>
            <strong>Query</strong>
          </figcaption>
        </figure>
        <span className="arrow" aria-hidden="true">
          →
        </span>
        {hits.slice(0, 60).map((hit, n) => (
          <figure key={`${hit.id}${n}`}>
            <Thumb owner={owner} address={hit.image} label={`Hit ${n + 1}: ${hit.id}`} />
            <figcaption>
              <strong dir="auto">{hit.id}</strong>
              {hit.score !== null && (
                <>
                  <meter min={0} max={hit.best} value={hit.score} aria-label="Score" />
                  <span>
                    score {hit.score.toFixed(2)} of {hit.best}
                  </span>
                </>
              )}
              {hit.extra && <span className="muted clip" dir="auto">{hit.extra}</span>}
            </figcaption>
          </figure>
        ))}
        {!hits.length && <p className="muted">Nothing in the database is similar.</p>}
      </div>
    </section>
  );
}

const COUNTS: Record<string, string> = {
  images: "listed",
  added: "added",
  found: "there before",
  failed: "failed",
  rejected: "rejected",
  left_out: "not tried",
};

/** The summary of indexed images; `null` if a task has none. */
export function readSummary(values: Record<string, unknown>): Record<string, unknown> | null {
  return isObject(values.summary) ? values.summary : null;
}

/** How many images were listed, added, rejected. */
export function Counts({ summary }: { summary: Record<string, unknown> }) {
  return (
    <div className="counts">
      {Object.keys(COUNTS)
        .filter((name) => name in summary)
        .map((name) => {
          const count = number(summary[name]) ?? 0;
          return (
            <div key={name} className={(name === "failed" || name === "rejected") && count ? "count bad" : "count"}>
              <strong>{count.toLocaleString()}</strong>
              <span>{COUNTS[name]}</span>
            </div>
          );
        })}
    </div>
  );
}

/** Counts of an image index, and which pictures were refused. */
export function IndexCounts({ summary }: { summary: Record<string, unknown> }) {
  const failures = list(summary.failures).filter(isObject);
  return (
    <section aria-label="Image index">
      <h2>
        Image index <code>{text(summary.db_name) ?? text(summary.instance_name)}</code>
      </h2>
      <Counts summary={summary} />
      {summary.is_full === true && <p className="tag warn">The database is full</p>}
      {failures.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Image</th>
                <th>Code</th>
                <th>Reason</th>
              </tr>
            </thead>
            <tbody>
              {failures.map((failure, n) => (
                <tr key={n}>
                  <td dir="auto">{text(failure.entity_id) ?? String(failure.index)}</td>
                  <td>
                    <code>{text(failure.code)}</code>
                  </td>
                  <td className="prose" dir="auto">{text(failure.message)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
