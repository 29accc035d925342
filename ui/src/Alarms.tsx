import type { TaskKey } from "./airflow";
import { Thumb } from "./Images";
import { at, isObject, list, text, time } from "./model";
import { showTime } from "./theme";

const MAX_SHOWN = 200;

export interface Alarm {
  kind: string;
  at: number | null;
  taskId: string | null;
  streamId: string | null;
  seen: string[];
  problems: string[];
  image: string | null;
}

/** Alarms that a sensor has returned, the newest first; null if the result has none. */
export function readAlarms(result: unknown): Alarm[] | null {
  const alarms = at(result, "alarms");
  if (!Array.isArray(alarms)) return null;
  const read = alarms.filter(isObject).map((alarm) => ({
    kind: (text(alarm.kind) ?? "unknown").replace(/_/g, " "),
    at: time(alarm.at),
    taskId: text(alarm.task_id),
    streamId: text(alarm.stream_id),
    seen: list(alarm.events)
      .filter(isObject)
      .map((event) => ["category", "plate_id", "polygon_name"].map((name) => text(event[name])).filter(Boolean).join(", "))
      .filter(Boolean),
    problems: list(alarm.problems).map(String),
    image: text(alarm.image),
  }));
  return read.sort((one, other) => (other.at ?? 0) - (one.at ?? 0));
}

export function AlarmTable({ owner, alarms }: { owner: TaskKey; alarms: Alarm[] }) {
  const withPictures = alarms.some((alarm) => alarm.image);
  return (
    <section aria-label="Alarms">
      <h2>
        Alarms <span className="muted">{alarms.length}</span>
      </h2>
      <div className="scroll">
        <table className="alarms">
          <thead>
            <tr>
              {withPictures && <th>Picture</th>}
              <th>Kind</th>
              <th>Time</th>
              <th>Stream</th>
              <th>VIAS task</th>
              <th>Seen</th>
            </tr>
          </thead>
          <tbody>
            {alarms.slice(0, MAX_SHOWN).map((alarm, n) => (
              <tr key={n}>
                {withPictures && (
                  <td className="picture">{alarm.image && <Thumb owner={owner} address={alarm.image} label={`Alarm ${n + 1}: ${alarm.kind}`} />}</td>
                )}
                <td className="line">{alarm.kind}</td>
                <td className="line">{alarm.at !== null && showTime(alarm.at)}</td>
                <td data-head="Stream" dir="auto">{alarm.streamId}</td>
                <td data-head="VIAS task">
                  <code>{alarm.taskId}</code>
                </td>
                <td data-head="Seen" dir="auto">
                  {alarm.seen.slice(0, 5).join("; ")}
                  {alarm.problems.length > 0 && <span className="tag warn">{alarm.problems.join("; ")}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {alarms.length > MAX_SHOWN && <p className="muted">{alarms.length - MAX_SHOWN} more are in the result.</p>}
    </section>
  );
}
