import { useState } from "react";

import { UseAmount, readAccountUsage } from "./AccountUsage";
import { entriesOfRun, type TaskInstance, type TaskKey, taskInstances } from "./airflow";
import { readAlarms } from "./Alarms";
import { usePolled, useSeen } from "./hooks";
import { Counts, readHits, readSummary } from "./Images";
import { Player } from "./Player";
import { isActive, kindOf, operatorOf, plainFields, readProgress, totalUsage } from "./model";
import { Outdated, Problem } from "./Errors";
import { Empty, StateBadge, UsageLine, qualityOf } from "./Parts";
import { type Presented, type Shown, present } from "./present";
import { openOutside, taskPage } from "./theme";
import { useFile } from "./useFile";
import { type TaskData, loadTask } from "./useTask";

const MOST = 24;

interface Run {
  steps: TaskData[];
  more: number;
  /** Task instances that were read, and how many the run has. */
  read: number;
  total: number;
}

const begins = (instance: TaskInstance) => (instance.start_date ? Date.parse(instance.start_date) : Infinity);

/** Every media task of a DAG run in the order in which they began. */
export function StoryboardTab({ dagId, runId, operators }: { dagId: string; runId: string; operators: ReadonlySet<string> }) {
  const [most, setMost] = useState(MOST);
  const { data, error, reload } = usePolled<Run>(
    async (previous, signal) => {
      const [{ found: all, total }, views] = await Promise.all([
        taskInstances(dagId, runId, signal),
        entriesOfRun(dagId, runId, "viapi_view", signal),
      ]);
      // An operator of a team, derived from one of the provider, has a name of its own, and a view all the same.
      const viewed = new Set(views.map((entry) => `${entry.task_id}/${entry.map_index}`));
      const instances = all
        .filter(
          (instance) =>
            operators.has(operatorOf(instance)) || viewed.has(`${instance.task_id}/${instance.map_index}`),
        )
        .sort((one, other) => begins(one) - begins(other) || one.map_index - other.map_index);
      const steps: TaskData[] = [];
      const wanted = instances.slice(0, most);
      for (let start = 0; start < wanted.length; start += 4) {
        const some = wanted.slice(start, start + 4).map((instance) => {
          const key = { dagId, runId, taskId: instance.task_id, mapIndex: instance.map_index };
          const before = previous?.steps.find(
            (step) => step.key.taskId === key.taskId && step.key.mapIndex === key.mapIndex,
          );
          const isSame =
            before &&
            !isActive(before.instance.state) &&
            before.instance.state === instance.state &&
            before.instance.try_number === instance.try_number;
          return isSame ? before : loadTask(key, before ?? null, signal);
        });
        steps.push(...(await Promise.all(some)));
      }
      const more = instances.length - wanted.length;
      const run = { steps, more, read: all.length, total };
      const isSame = previous?.more === more && previous.total === total && previous.steps.length === steps.length && steps.every((step, n) => step === previous.steps[n]);
      return isSame && previous ? previous : run;
    },
    (run) => run.steps.some((step) => isActive(step.instance.state)),
    4,
  );
  if (!data) return error ? <Problem error={error} retry={reload} /> : <div className="loading" aria-label="Loading" />;
  const steps = data.steps.filter(hasMedia);
  if (!steps.length)
    return <Empty head="No media in this run">None of its tasks belongs to the VIAPI and Huawei Cloud provider.</Empty>;
  const usage = totalUsage(steps.flatMap((step) => present(step).usage ?? []));
  return (
    <main>
      {error && <Outdated error={error} />}
      <header>
        <h1>Storyboard</h1>
        <span className="muted">
          {steps.length === 1 ? "1 media step" : `${steps.length} media steps`}
          {data.more > 0 && " shown"}
        </span>
      </header>
      {data.total > data.read && (
        <p className="tag warn">
          Only {data.read.toLocaleString()} of the {data.total.toLocaleString()} task instances of this run are searched
          for media.
        </p>
      )}
      {usage && <UsageLine usage={usage} of={data.more > 0 || data.total > data.read ? "of the steps shown" : null} />}
      <ol className="board">
        {steps.map((step, n) => (
          <StepCard key={`${step.key.taskId}/${step.key.mapIndex}`} step={step} place={n + 1} />
        ))}
      </ol>
      {data.more > 0 && (
        <button
          type="button"
          onClick={() => {
            setMost(most + 2 * MOST);
            reload();
          }}
        >
          Show more ({data.more})
        </button>
      )}
    </main>
  );
}

/** Whether there is something to see; a task that only creates a database, say, has nothing once it has succeeded. */
function hasMedia(step: TaskData): boolean {
  if (step.instance.state !== "success") return true;
  const shown = present(step);
  return Boolean(
    shown.batch ||
      shown.sources.length ||
      shown.results.length ||
      readHits(shown.result) ||
      readAccountUsage(shown.result) ||
      readAlarms(shown.result) ||
      readSummary(step.values) ||
      qualityOf(shown.result, step.values),
  );
}

function StepCard({ step, place }: { step: TaskData; place: number }) {
  const [ref, seen] = useSeen<HTMLLIElement>();
  const shown = present(step);
  const { dagId, runId, taskId, mapIndex } = step.key;
  const open = () => openOutside(taskPage(dagId, runId, taskId, mapIndex), "_self");
  return (
    <li ref={ref} className="card">
      <button type="button" className="head" onClick={open} title="Open this task">
        <span className="place">{place}</span>
        <span className="names">
          <strong dir="auto">{shown.title}</strong>
          <span className="muted clip" dir="auto">
            {shown.title !== taskId && taskId}
            {mapIndex >= 0 && ` [${step.instance.rendered_map_index ?? mapIndex}]`}
          </span>
        </span>
        <StateBadge state={step.instance.state} />
      </button>
      <div className="scene">{seen && <Scene step={step} />}</div>
      {shown.usage && shown.usage.seconds !== null && <UsageLine usage={shown.usage} />}
    </li>
  );
}

/** What a step did, as pictures: what went in, an arrow, what came out. */
function Scene({ step }: { step: TaskData }) {
  const shown = present(step);
  const hits = readHits(shown.result);
  const progress = readProgress(step.values.progress);
  const summary = readSummary(step.values);
  const quality = qualityOf(shown.result, step.values);
  const account = readAccountUsage(shown.result);
  const alarms = readAlarms(shown.result);
  const error = shown.view?.error;
  const source = shown.sources[0];
  const result = shown.results[0];
  if (quality) {
    const checked = result ?? source;
    return (
      <div className="flow">
        {checked && <Thumb owner={step.key} file={checked} label="Checked video" />}
        {checked && <Arrow />}
        <div className={quality.passed ? "blank good" : "blank bad"}>
          <strong>{quality.passed ? "meets all thresholds" : quality.failures[0]}</strong>
        </div>
      </div>
    );
  }
  if (error || step.instance.state === "failed")
    return (
      <div className="flow">
        {source && <Thumb owner={step.key} file={source} label="Before" />}
        {source && <Arrow />}
        <div className="blank bad">
          <strong>{error?.code ?? error?.class ?? "Failed"}</strong>
        </div>
      </div>
    );
  if (progress)
    return (
      <div className="counts">
        {(["done", "failed", "running", "left"] as const).map((name) => (
          <div key={name} className={name === "failed" && progress[name] ? "count bad" : "count"}>
            <strong>{progress[name]}</strong>
            <span>{name}</span>
          </div>
        ))}
      </div>
    );
  if (summary) return <Counts summary={summary} />;
  if (hits)
    return (
      <div className="flow">
        {source && <Thumb owner={step.key} file={source} label="Query" />}
        <Magnifier />
        <div className="stack">
          {hits.slice(0, 3).map((hit, n) => (
            <figure key={n}>
              <Thumb owner={step.key} file={pictureAt(hit.image)} label={`Hit ${n + 1}`} />
              <figcaption>
                {hit.score !== null && (
                  <>
                    <meter min={0} max={hit.best} value={hit.score} aria-label="Score" /> {hit.score.toFixed(hit.best === 1 ? 2 : 1)}
                  </>
                )}
              </figcaption>
            </figure>
          ))}
          {!hits.length && <span className="muted">no hit</span>}
        </div>
      </div>
    );
  if (alarms)
    return (
      <div className="stack alarm-stack">
        {alarms.slice(0, 3).map((alarm, n) => (
          <figure key={n}>
            {alarm.image && <Thumb owner={step.key} file={pictureAt(alarm.image)} label={`Alarm ${n + 1}: ${alarm.kind}`} />}
            <figcaption>{alarm.kind}</figcaption>
          </figure>
        ))}
        {alarms.length > 3 && <span className="muted">{alarms.length - 3} more</span>}
        {!alarms.length && <span className="muted">no alarm</span>}
      </div>
    );
  if (account)
    return (
      <ul className="uses">
        {account.totals.slice(0, 4).map((use) => (
          <li key={`${use.user}${use.resource}${use.unit}`}>
            <span className="muted clip">{use.resource}</span>
            <UseAmount use={use} />
          </li>
        ))}
      </ul>
    );
  const isOver = !isActive(step.instance.state);
  // The badge says of a step that was skipped or failed why it has no result.
  const hasSucceeded = step.instance.state === "success";
  if (!source && !result)
    return (
      <p className="muted plain" dir="auto">
        {plainFields(shown.result)
          .slice(0, 2)
          .map(([, value]) => String(value).slice(0, 60))
          .join(" · ") || (hasSucceeded && withoutFields(shown))}
      </p>
    );
  return (
    <div className={source || shown.words ? "flow" : "flow alone"}>
      {source ? (
        <Thumb owner={step.key} file={source} label="Before" />
      ) : (
        shown.words && (
          <div className="blank words">
            <span dir="auto">{shown.words.slice(0, 160)}</span>
          </div>
        )
      )}
      {(source || shown.words) && <Arrow />}
      {result ? (
        <Thumb owner={step.key} file={result} label="After" />
      ) : !isOver ? (
        <div className="blank pending">not there yet</div>
      ) : !hasSucceeded ? null : /^AddImage|\.AddImage$/.test(`${operatorOf(step.instance)} ${shown.view?.action}`.trim()) ? (
        <div className="blank stored" role="img" aria-label="Stored in the image database">
          <Database />
        </div>
      ) : (
        <WithoutFile shown={shown} />
      )}
    </div>
  );
}

/** What is said of a step whose result has no plain values: a task that does not wait returns the id of its job. */
const withoutFields = (shown: Presented): string =>
  Object.entries(shown.result)
    .map(([name, value]) => (Array.isArray(value) ? `${name}: ${value.length}` : name))
    .slice(0, 3)
    .join(" · ") || (shown.jobId ? "submitted" : "no file in the result");

/** What a step without a file in its result has instead. */
function WithoutFile({ shown }: { shown: Presented }) {
  const fields = plainFields(shown.result).slice(0, 3);
  if (!fields.length) return <div className="blank">{withoutFields(shown)}</div>;
  return (
    <dl className="blank fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{String(value).slice(0, 60)}</dd>
        </div>
      ))}
    </dl>
  );
}
const pictureAt = (address: string | null): Shown => ({
  key: "ImageUrl",
  kind: kindOf(address ?? "", "image"),
  address,
  landed: null,
  link: null,
});

function Arrow() {
  return (
    <span className="arrow" aria-hidden="true">
      →
    </span>
  );
}

function Magnifier() {
  return (
    <svg className="arrow" viewBox="0 0 24 24" width="26" height="26" fill="none" stroke="currentColor" strokeWidth="2.2" aria-hidden="true">
      <circle cx="10" cy="10" r="6.5" />
      <path d="M15 15l6 6" strokeLinecap="round" />
    </svg>
  );
}

function Database() {
  return (
    <svg viewBox="0 0 48 48" width="48" height="48" fill="none" stroke="currentColor" strokeWidth="2.5" aria-hidden="true">
      <ellipse cx="24" cy="11" rx="16" ry="6" />
      <path d="M8 11v26c0 3.3 7.2 6 16 6s16-2.7 16-6V11M8 24c0 3.3 7.2 6 16 6s16-2.7 16-6" />
    </svg>
  );
}

/** A picture of a file; videos play without sound while the pointer or the focus is on them. */
function Thumb({ owner, file, label }: { owner: TaskKey; file: Shown; label: string }) {
  const shown = useFile(owner, file.address, file.landed, file.link);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const play = () => void video?.play().catch(() => undefined);
  const pause = () => video?.pause();
  const isVideo = file.kind === "video" && shown.url !== null && !shown.isExpired;
  return (
    <div
      className="thumb"
      onPointerEnter={play}
      onPointerLeave={pause}
      onFocus={play}
      onBlur={pause}
      onClick={() => (video?.paused ? play() : pause())}
      tabIndex={isVideo ? 0 : undefined}
      role={isVideo ? "group" : undefined}
      aria-label={isVideo ? `${label}, video` : undefined}
    >
      <Player
        file={shown}
        kind={file.kind}
        label={label}
        element={(node) => setVideo(node instanceof HTMLVideoElement ? node : null)}
        onReady={() => video && (video.loop = true)}
      />
      {isVideo && video && (
        <span className="film" aria-hidden="true">
          ▶
        </span>
      )}
    </div>
  );
}
