import { duration } from "./model";
import { showTime } from "./theme";

const LABELS: Record<string, string> = {
  rendered: "Rendered",
  staged: "Sources staged",
  submitted: "Submitted",
  finished: "Finished",
  noticed: "Noticed",
  landed: "Landed",
  failed: "Failed",
};

export interface Step {
  name: string;
  at: number;
}

/**
 * Steps in the order of their times; the service's own states are among them.
 *
 * @param attempt that resumed the job of an earlier one, and so begins after the submission
 */
export function stepsOf(
  timeline: Record<string, number>,
  states: Record<string, number>,
  attempt: number | null = null,
): Step[] {
  const labels = attempt === null ? LABELS : { ...LABELS, rendered: `Attempt ${attempt}` };
  const own = Object.entries(timeline).map(([name, at]) => ({ name: labels[name] ?? name, at }));
  const service = Object.entries(states).map(([state, at]) => ({
    name: state.replace(/^PROCESS_/, "").toLowerCase().replace(/_/g, " ").replace(/^./, (first) => first.toUpperCase()),
    at,
  }));
  return [...own, ...service].sort((one, other) => one.at - other.at);
}

export function Timeline({ steps, waiting, now }: { steps: Step[]; waiting: string | null; now: number }) {
  if (!steps.length && !waiting) return null;
  const first = steps[0]?.at ?? now;
  // The time of day is enough if all steps are on one day.
  const days = new Set(steps.map((step) => showTime(step.at).slice(0, 10)));
  const end = waiting ? now : (steps.at(-1)?.at ?? now);
  return (
    <section aria-label="Timeline">
      <h2>
        Timeline <span className="muted">{duration(end - first)}</span>
      </h2>
      <ol className="timeline">
        {steps.map((step, n) => {
          const next = steps[n + 1]?.at ?? (waiting ? now : null);
          return (
            <li key={`${step.name}${step.at}`} style={{ flexGrow: next === null ? 0 : Math.sqrt(next - step.at + 1) }}>
              <span className="dot" aria-hidden="true" />
              <strong>{step.name}</strong>
              <time dateTime={new Date(step.at).toISOString()}>{showTime(step.at, days.size > 1 ? "all" : "time")}</time>
              {next !== null && <span className="muted">{duration(next - step.at)}</span>}
            </li>
          );
        })}
        {waiting && (
          <li className="live">
            <span className="dot" aria-hidden="true" />
            <strong>{waiting}</strong>
          </li>
        )}
      </ol>
    </section>
  );
}
