import { type Usage, duration, isObject, plainFields, text } from "./model";

export function StateBadge({ state }: { state: string | null }) {
  return <span className={`state ${state ?? "none"}`}>{(state ?? "no status").replace(/_/g, " ")}</span>;
}

/** @param of what the usage is of, if that is not all of it */
export function UsageLine({ usage, of = null }: { usage: Usage; of?: string | null }) {
  const parts = [
    usage.seconds !== null && `${duration(usage.seconds * 1000)} of output`,
    usage.resolution?.replace("x", "×"),
    usage.resolutionClass && `class ${usage.resolutionClass}`,
    usage.jobs > 1 && `${usage.jobs} jobs`,
    usage.measured < usage.jobs && usage.jobs > 1 && `${usage.jobs - usage.measured} not measured`,
  ].filter(Boolean);
  if (!parts.length && usage.cost === null) return null;
  return (
    <p className="usage">
      {parts.length > 0 && <span>{parts.join(" · ")}</span>}
      {usage.cost !== null && (
        <strong>
          about {usage.cost.toFixed(usage.cost < 1 ? 4 : 2)} {usage.currency}
        </strong>
      )}
      {of && <span className="muted">{of}</span>}
    </p>
  );
}

export function Empty({ head, children }: { head: string; children?: string }) {
  return (
    <section className="empty">
      <h2>{head}</h2>
      {children && <p>{children}</p>}
    </section>
  );
}

/**
 * Fields of a result that are plain values.
 *
 * @param units of the values, by name
 */
export function Facts({
  value,
  head = "Result",
  units = {},
}: {
  value: Record<string, unknown>;
  head?: string;
  units?: Record<string, unknown>;
}) {
  const rows = plainFields(value);
  if (!rows.length) return null;
  return (
    <section aria-label={head}>
      <h2>{head}</h2>
      <dl className={Object.keys(units).length ? "facts-list measures" : "facts-list"}>
        {rows.slice(0, 40).map(([name, each]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd dir="auto">
              {String(each).slice(0, 500)}
              {typeof each === "number" && text(units[name]) && ` ${text(units[name])}`}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export interface Quality {
  passed: boolean;
  failures: string[];
  values: Record<string, unknown>;
  units: Record<string, unknown>;
}

/** The report of a quality check: its result, or what a failed one wrote; `null` if a task has none. */
export function qualityOf(result: unknown, values: Record<string, unknown>): Quality | null {
  return readQuality(result) ?? readQuality(values.report);
}

function readQuality(value: unknown): Quality | null {
  if (!isObject(value) || typeof value.passed !== "boolean" || !Array.isArray(value.failures)) return null;
  const { passed, failures, scores, units, ...values } = value;
  const isText = (each: unknown): each is string => typeof each === "string";
  return {
    passed,
    failures: failures.filter(isText),
    values: { ...values, ...(isObject(scores) ? scores : {}) },
    units: isObject(units) ? units : {},
  };
}

/** Whether a video met its thresholds, and which ones it missed. */
export function Verdict({ quality }: { quality: Quality }) {
  return (
    <section aria-label="Quality check">
      <h2>Quality check</h2>
      <p>
        <span className={quality.passed ? "tag good" : "tag warn"}>
          {quality.passed ? "meets all thresholds" : "does not meet all thresholds"}
        </span>
      </p>
      {quality.failures.length > 0 && (
        <ul>
          {quality.failures.slice(0, 40).map((failure, n) => (
            <li key={n}>{failure}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
