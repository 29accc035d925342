/** Airflow's public REST API, called with the session of the user who looks at the page. */

export interface TaskKey {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

export interface TaskInstance {
  task_id: string;
  map_index: number;
  rendered_map_index: string | null;
  state: string | null;
  operator: string | null;
  operator_name?: string | null;
  try_number: number;
  start_date: string | null;
  end_date: string | null;
  rendered_fields?: Record<string, unknown>;
}

export interface XComEntry {
  key: string;
  task_id: string;
  map_index: number;
  timestamp: string;
}

export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The page is at `<base>/viapi/index.html`, also where Airflow is below a path. */
export const API = "../api/v2";

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, { credentials: "same-origin", headers: { Accept: "application/json" }, signal });
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as { detail?: unknown };
    throw new RequestFailed(response.status, typeof body.detail === "string" ? body.detail : response.statusText);
  }
  return (await response.json()) as T;
}

const part = encodeURIComponent;

export function runPath(dagId: string, runId: string): string {
  return `${API}/dags/${part(dagId)}/dagRuns/${part(runId)}`;
}

function taskPath(key: TaskKey): string {
  return `${runPath(key.dagId, key.runId)}/taskInstances/${part(key.taskId)}`;
}

export function taskInstance(key: TaskKey, signal?: AbortSignal): Promise<TaskInstance> {
  const mapped = key.mapIndex >= 0 ? `/${key.mapIndex}` : "";
  return get<TaskInstance>(`${taskPath(key)}${mapped}`, signal);
}

export const PAGE = 100;

/** Task instances, and XComs of one key, of a run that are read. */
const MOST_OF_RUN = 1000;

interface Entries<T> {
  found: T[];
  total: number;
}

/** All entries of a list, page by page; `name` is the field of the response that holds them. */
async function all<T>(path: string, name: string, signal?: AbortSignal, most = 20_000): Promise<Entries<T>> {
  const found: T[] = [];
  for (;;) {
    const separator = path.includes("?") ? "&" : "?";
    const page = await get<Record<string, unknown>>(
      `${path}${separator}limit=${PAGE}&offset=${found.length}`,
      signal,
    );
    const entries = (page[name] ?? []) as T[];
    found.push(...entries);
    // A page may be shorter than asked for: [api] maximum_page_limit may be below it.
    const total = Number(page.total_entries);
    if (!entries.length || found.length >= Math.min(most, total)) return { found, total };
  }
}

/** The first task instances of a run, and how many there are. */
export function taskInstances(dagId: string, runId: string, signal?: AbortSignal): Promise<Entries<TaskInstance>> {
  return all<TaskInstance>(`${runPath(dagId, runId)}/taskInstances`, "task_instances", signal, MOST_OF_RUN);
}

export async function xcomEntries(key: TaskKey, signal?: AbortSignal): Promise<XComEntry[]> {
  const path = `${taskPath(key)}/xcomEntries?map_index=${key.mapIndex}`;
  return (await all<XComEntry>(path, "xcom_entries", signal)).found;
}

/** Entries of one key in all tasks of a run. */
export async function entriesOfRun(dagId: string, runId: string, xcomKey: string, signal?: AbortSignal) {
  const path = `${runPath(dagId, runId)}/taskInstances/~/xcomEntries?xcom_key=${part(xcomKey)}`;
  return (await all<XComEntry>(path, "xcom_entries", signal, MOST_OF_RUN)).found;
}

export async function xcomValue(key: TaskKey, name: string, signal?: AbortSignal): Promise<unknown> {
  const path = `${taskPath(key)}/xcomEntries/${part(name)}?map_index=${key.mapIndex}`;
  try {
    return parsed((await get<{ value: unknown }>(path, signal)).value);
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined;
    throw error;
  }
}

/** Some versions of Airflow return the text that the database holds. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string" || !/^[[{"]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

export interface FileLink {
  url: string;
  expires_in: number;
}

/** A short-lived link to a file in object storage; Airflow decides whether this user may have one. */
export function fileLink(key: TaskKey, address: string, signal?: AbortSignal): Promise<FileLink> {
  const query = new URLSearchParams({
    run_id: key.runId,
    task_id: key.taskId,
    map_index: String(key.mapIndex),
    address,
  });
  return get<FileLink>(`files/${part(key.dagId)}?${query}`, signal);
}
