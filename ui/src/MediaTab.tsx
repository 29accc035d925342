import type { TaskKey } from "./airflow";
import { AccountUsageTable, readAccountUsage } from "./AccountUsage";
import { AlarmTable, readAlarms } from "./Alarms";
import { ItemTable, ProgressBar } from "./BatchView";
import { Compare, isComparable } from "./Compare";
import { useNow } from "./hooks";
import { Gallery, IndexCounts, readHits, readSummary } from "./Images";
import { CopyButton, FileFacts, OpenButton, Player } from "./Player";
import { type View, isActive, readProgress } from "./model";
import { ErrorBox, Outdated, Problem } from "./Errors";
import { Empty, Facts, StateBadge, UsageLine, Verdict, qualityOf } from "./Parts";
import { type Presented, type Shown, isOurs, present } from "./present";
import { Timeline, stepsOf } from "./Timeline";
import { useFile } from "./useFile";
import { type TaskData, useTask } from "./useTask";

export function MediaTab({ owner, operators }: { owner: TaskKey; operators: ReadonlySet<string> }) {
  const { data, error, reload } = useTask(owner);
  if (!data) return error ? <Problem error={error} retry={reload} /> : <div className="loading" aria-label="Loading" />;
  if (!isOurs(data, operators))
    return (
      <Empty head="No media here">
        This tab shows what tasks of the VIAPI and Huawei Cloud provider read and produce. This task has another operator.
      </Empty>
    );
  return (
    <main>
      {error && <Outdated error={error} />}
      <TaskBody data={data} owner={owner} />
    </main>
  );
}

function TaskBody({ data, owner }: { data: TaskData; owner: TaskKey }) {
  const shown = present(data);
  const state = data.instance.state;
  const active = isActive(state);
  const now = useNow(active);
  const progress = readProgress(data.values.progress);
  const hits = readHits(shown.result);
  const alarms = readAlarms(shown.result);
  const usage = readAccountUsage(shown.result);
  const quality = qualityOf(shown.result, data.values);
  const summary = readSummary(data.values);
  const attempt = shown.view?.tryNumber ?? null;
  // Airflow 3.4 has the next attempt already then, and returns the XComs of that one only.
  const isBetweenAttempts = state === "up_for_retry" && !shown.view;
  // A job of VIAPI has the id of the request that submitted it, in Alibaba's form.
  const isRequestId = !shown.view?.requestId && /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/.test(shown.jobId ?? "");
  return (
    <>
      <header>
        <h1 dir="auto">{shown.title}</h1>
        <StateBadge state={state} />
        {data.instance.try_number > 1 && <span className="tag">attempt {data.instance.try_number}</span>}
        {active && attempt !== null && attempt < data.instance.try_number && (
          <span className="tag warn">shown below: attempt {attempt}</span>
        )}
        {resumes(shown.view) && (
          <span className="tag good">resumed the job of attempt {shown.view.resumedFrom}</span>
        )}
        {shown.view?.reusedFrom && <span className="tag good">reused the result of run {shown.view.reusedFrom}</span>}
        {data.instance.rendered_map_index && <span className="tag" dir="auto">{data.instance.rendered_map_index}</span>}
      </header>
      {shown.usage && <UsageLine usage={shown.usage} />}
      {shown.view?.error && !quality ? (
        <ErrorBox error={shown.view.error} />
      ) : isBetweenAttempts ? (
        <Empty head="An attempt has failed">The task will be retried. The log of the failed attempt says why it failed.</Empty>
      ) : (
        state === "failed" && !quality && <p className="muted">The task has failed. Its log in Airflow says why.</p>
      )}
      {progress && shown.batch && <ProgressBar progress={progress} batch={shown.batch} now={active ? now : null} />}
      {shown.batch ? (
        <ItemTable key={shown.batch.began} batch={shown.batch} owner={owner} sources={data.instance.rendered_fields?.items} />
      ) : hits ? (
        <Gallery owner={owner} query={shown.sources[0]?.address ?? null} hits={hits} />
      ) : summary ? (
        <IndexCounts summary={summary} />
      ) : quality ? (
        <>
          <Verdict quality={quality} />
          <Facts value={quality.values} head="Measured" units={quality.units} />
          <FilesOf shown={shown} owner={owner} state={active ? state : "success"} />
        </>
      ) : alarms ? (
        <AlarmTable owner={owner} alarms={alarms} />
      ) : (
        <FilesOf shown={shown} owner={owner} state={isBetweenAttempts ? "failed" : state} />
      )}
      {usage && <AccountUsageTable usage={usage} />}
      {!shown.batch && !hits && !summary && !usage && !quality && <Facts value={shown.result} />}
      {!isBetweenAttempts && <Times shown={shown} data={data} now={now} />}
      {shown.jobId && (
        <p className="facts">
          {isRequestId ? "Job and request id" : "Job"} <code>{shown.jobId}</code>
          <CopyButton value={shown.jobId} label="Copy id" />
          {shown.view?.requestId && (
            <>
              Request id <code>{shown.view.requestId}</code>
              <CopyButton value={shown.view.requestId} label="Copy request id" />
            </>
          )}
          {shown.jobLink && <OpenButton url={shown.jobLink}>Open at the service</OpenButton>}
        </p>
      )}
    </>
  );
}

/** Whether an attempt has resumed the job of an earlier one. */
const resumes = (view: View | null): view is View => view?.resumedFrom != null && view.resumedFrom !== view.tryNumber;

function Times({ shown, data, now }: { shown: Presented; data: TaskData; now: number }) {
  const active = isActive(data.instance.state);
  const view = shown.view;
  const timeline = { ...(view?.timeline ?? {}) };
  if (!view && shown.submittedAt !== null) timeline.submitted = shown.submittedAt;
  const hasEnded = "noticed" in timeline || "failed" in timeline;
  const waiting = !active || hasEnded || !shown.jobId ? null : "Waiting for the job";
  if (shown.batch || (!view && !shown.jobId)) return null;
  return <Timeline steps={stepsOf(timeline, shown.states, resumes(view) ? view.tryNumber : null)} waiting={waiting} now={now} />;
}

function FilesOf({ shown, owner, state }: { shown: Presented; owner: TaskKey; state: string | null }) {
  const active = isActive(state);
  const [source, ...otherSources] = shown.sources;
  const [result, ...otherResults] = shown.results;
  if (!source && !result)
    return active ? (
      <Empty head={state ? `The task is ${state.replace(/_/g, " ")}` : "The task has not begun"}>
        It has no media to show so far.
      </Empty>
    ) : null;
  return (
    <>
      {shown.words && (
        <section aria-label="Text">
          <h2>Text</h2>
          <p className="said" dir="auto">{shown.words.slice(0, 2000)}</p>
        </section>
      )}
      {source && result && source.kind === result.kind && isComparable(result.kind) ? (
        <Pair before={source} after={result} kind={result.kind} owner={owner} />
      ) : (
        <div className="sides wide">
          {source && <Single file={source} label={result || active ? "Before" : "Source"} owner={owner} />}
          {result ? (
            <Single file={result} label={source ? "After" : "Result"} owner={owner} />
          ) : (
            active && (
              <figure>
                <div className="blank pending">The result is not there yet</div>
                <figcaption>After</figcaption>
              </figure>
            )
          )}
        </div>
      )}
      {(otherSources.length > 0 || otherResults.length > 0) && (
        <section aria-label="More files">
          <h2>More files</h2>
          <div className="gallery">
            {[...otherSources.map((each) => [each, "Source"] as const), ...otherResults.map((each) => [each, "Result"] as const)]
              .slice(0, 40)
              .map(([file, label]) => (
                <Single key={`${label}${file.key}`} file={file} label={`${label}: ${file.key}`} owner={owner} />
              ))}
          </div>
        </section>
      )}
    </>
  );
}

function Pair({ before, after, kind, owner }: { before: Shown; after: Shown; kind: "video" | "image"; owner: TaskKey }) {
  const one = useFile(owner, before.address, before.landed, before.link);
  const other = useFile(owner, after.address, after.landed, after.link);
  return <Compare before={one} after={other} kind={kind} />;
}

function Single({ file, label, owner }: { file: Shown; label: string; owner: TaskKey }) {
  const shown = useFile(owner, file.address, file.landed, file.link);
  return (
    <figure>
      <Player file={shown} kind={file.kind} label={label} controls />
      <figcaption>{label}</figcaption>
      <FileFacts file={shown} />
    </figure>
  );
}
