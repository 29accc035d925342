import {
  type TaskInstance,
  type TaskKey,
  type XComEntry,
  entriesOfRun,
  taskInstance,
  xcomEntries,
  xcomValue,
} from "./airflow";
import { usePolled } from "./hooks";
import { isActive, isRedacted, isWebAddress, linkExpiry, samePath, webAddresses } from "./model";

export interface TaskData {
  key: TaskKey;
  instance: TaskInstance;
  /** When each XCom was written, as Airflow says. */
  stamps: Record<string, string>;
  values: Record<string, unknown>;
}

const WANTED = ["viapi_view", "usage", "progress", "job_id", "job_intent", "job_link", "job_states", "summary", "report"];
const IS_PAGE = /^items_\d+$/;

/** Results of batches have megabytes, and their pages show the same. */
const isWanted = (key: string, isBatch: boolean) =>
  WANTED.includes(key) || IS_PAGE.test(key) || (key === "return_value" && !isBatch) || key.startsWith("landed.");

export async function loadTask(key: TaskKey, previous: TaskData | null, signal: AbortSignal): Promise<TaskData> {
  const [instance, entries] = await Promise.all([taskInstance(key, signal), xcomEntries(key, signal)]);
  const isBatch = entries.some((entry) => IS_PAGE.test(entry.key));
  const wanted = entries.filter((entry) => isWanted(entry.key, isBatch));
  const stamps = Object.fromEntries(wanted.map((entry) => [entry.key, entry.timestamp]));
  const isNew = (entry: XComEntry) => previous?.stamps[entry.key] !== entry.timestamp;
  const values: Record<string, unknown> = {};
  for (const { key: name } of wanted) if (previous && name in previous.values) values[name] = previous.values[name];
  const changed = wanted.filter(isNew);
  if (previous && !changed.length && JSON.stringify(instance) === JSON.stringify(previous.instance)) return previous;
  // Few at a time: a batch of ten thousand items may have hundreds of pages.
  for (let start = 0; start < changed.length; start += 6) {
    const some = changed.slice(start, start + 6);
    const read = await Promise.all(some.map((entry) => xcomValue(key, entry.key, signal)));
    some.forEach((entry, n) => (values[entry.key] = read[n]));
  }
  return { key, instance, stamps, values };
}

export function useTask(key: TaskKey) {
  return usePolled<TaskData>(
    (previous, signal) => loadTask(key, previous, signal),
    (data) => isActive(data.instance.state),
  );
}

/** Pages of a batch in their order. */
export function pagesOf(values: Record<string, unknown>): unknown[] {
  return Object.keys(values)
    .filter((name) => IS_PAGE.test(name))
    .sort((one, other) => Number(one.slice(6)) - Number(other.slice(6)))
    .map((name) => values[name]);
}

const known = new Map<string, Promise<string[]>>();

/** Links that the results of a run's tasks hold. */
function linksOfRun(dagId: string, runId: string): Promise<string[]> {
  const id = `${dagId}\n${runId}`;
  let links = known.get(id);
  if (!links) {
    links = (async () => {
      const entries = (await entriesOfRun(dagId, runId, "return_value")).slice(0, 60);
      const found: string[] = [];
      for (let start = 0; start < entries.length; start += 6) {
        const values = await Promise.all(
          entries
            .slice(start, start + 6)
            .map((entry) =>
              xcomValue({ dagId, runId, taskId: entry.task_id, mapIndex: entry.map_index }, "return_value"),
            ),
        );
        found.push(...values.flatMap(webAddresses));
      }
      return found;
    })();
    known.set(id, links);
    // A later task of a running run may have the link.
    void links.catch(() => undefined).then(() => window.setTimeout(() => known.delete(id), 15_000));
  }
  return links;
}

/** A source's address with its signature, which only the result of the task that produced it holds. */
export async function openable(key: TaskKey, address: string): Promise<string | null> {
  if (!isWebAddress(address)) return null;
  if (!isRedacted(address)) return address;
  const link = (await linksOfRun(key.dagId, key.runId)).find((each) => samePath(each, address));
  if (!link) return null;
  const expiry = linkExpiry(link);
  return expiry !== null && expiry < Date.now() ? null : link;
}
