/** What tasks publish, as far as this page reads it. Values come from XComs, so each is checked before it is used. */

import type { TaskInstance, TaskKey } from "./airflow";

export type Json = Record<string, unknown>;
export type Kind = "video" | "image" | "audio" | "file";

export interface SourceFile {
  parameter: string;
  address: string;
}

export interface ResultFile {
  key: string;
  address: string | null;
  expiresAt: number | null;
  landed: string | null;
}

export interface Usage {
  jobs: number;
  measured: number;
  seconds: number | null;
  resolution: string | null;
  resolutionClass: string | null;
  cost: number | null;
  currency: string | null;
}

export interface TaskError {
  class: string;
  code: string | null;
  message: string;
  requestId: string | null;
  /** Of the site that responded, which Alibaba Cloud's support asks for. */
  hostId: string | null;
}

export interface View {
  action: string;
  jobId: string | null;
  /** Of the request that created the job; null where the job's own id is that of the request. */
  requestId: string | null;
  tryNumber: number | null;
  resumedFrom: number | null;
  reusedFrom: string | null;
  sources: SourceFile[];
  files: ResultFile[];
  timeline: Record<string, number>;
  states: Record<string, number>;
  usage: Usage | null;
  error: TaskError | null;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
export const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const time = (value: unknown): number | null => {
  const at = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? null : at;
};
export const times = (value: unknown): Record<string, number> =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {})
      .map(([name, at]) => [name, time(at)] as const)
      .filter((entry): entry is readonly [string, number] => entry[1] !== null),
  );

export function readUsage(value: unknown): Usage | null {
  if (!isObject(value) || number(value.jobs) === null) return null;
  return {
    jobs: number(value.jobs) ?? 0,
    measured: number(value.measured) ?? 0,
    seconds: number(value.output_seconds),
    resolution: text(value.resolution),
    resolutionClass: text(value.resolution_class),
    cost: number(value.cost),
    currency: text(value.currency),
  };
}

export function readView(value: unknown): View | null {
  if (!isObject(value)) return null;
  const error = isObject(value.error) ? value.error : null;
  const reused = isObject(value.reused) ? value.reused : null;
  return {
    action: text(value.action) ?? "",
    jobId: text(value.job_id),
    requestId: text(value.request_id),
    tryNumber: number(value.try_number),
    resumedFrom: number(value.resumed_from),
    reusedFrom: reused && text(reused.run_id),
    sources: list(value.sources)
      .filter(isObject)
      .flatMap((each) => {
        const address = text(each.address);
        return address ? [{ parameter: text(each.parameter) ?? "", address }] : [];
      }),
    files: list(value.files)
      .filter(isObject)
      .map((each) => ({
        key: text(each.key) ?? "",
        address: text(each.address),
        expiresAt: time(each.expires_at),
        landed: text(each.landed),
      })),
    timeline: times(value.timeline),
    states: times(value.states),
    usage: readUsage(value.usage),
    error: error && {
      class: text(error.class) ?? "Error",
      code: text(error.code),
      message: text(error.message) ?? "",
      requestId: text(error.request_id),
      hostId: text(error.host_id),
    },
  };
}

/** Sum over a run's tasks; the cost is known only if it is known of all. */
export function totalUsage(usages: Usage[]): Usage | null {
  const paid = usages.filter((each) => each.jobs > 0);
  if (!paid.length) return null;
  const known = paid.every((each) => each.cost !== null);
  const measured = paid.reduce((sum, each) => sum + each.measured, 0);
  return {
    jobs: paid.reduce((sum, each) => sum + each.jobs, 0),
    measured,
    seconds: measured ? paid.reduce((sum, each) => sum + (each.seconds ?? 0), 0) : null,
    resolution: null,
    resolutionClass: null,
    cost: known ? paid.reduce((sum, each) => sum + (each.cost ?? 0), 0) : null,
    currency: known ? (paid[0]?.currency ?? null) : null,
  };
}

export interface Item {
  index: number;
  state: "done" | "failed" | "running" | "left";
  name: string;
  jobId: string | null;
  serviceState: string | null;
  file: string | null;
  error: TaskError | null;
  seconds: number | null;
}

export interface Batch {
  action: string;
  count: number;
  began: number | null;
  doneBefore: number;
  items: Item[];
}

/** Items of a batch from its pages, oldest first; a later page replaces what an earlier one says. */
export function readBatch(pages: unknown[]): Batch | null {
  const valid = pages.filter(isObject);
  const last = valid.at(-1);
  if (!last) return null;
  const count = Math.min(Math.max(number(last.count) ?? 0, 0), 100_000);
  const items: Item[] = Array.from({ length: count }, (_, index) => ({
    index,
    state: "left",
    name: "",
    jobId: null,
    serviceState: null,
    file: null,
    error: null,
    seconds: null,
  }));
  for (const page of valid) {
    for (const running of page === last ? list(page.running).filter(isObject) : []) {
      const item = items[number(running.index) ?? -1];
      if (item) {
        item.state = "running";
        item.jobId = text(running.job_id);
        item.name ||= text(running.name) ?? "";
      }
    }
    for (const row of list(page.rows).filter(isObject)) {
      const item = items[number(row.index) ?? -1];
      if (!item) continue;
      const error = isObject(row.error) ? row.error : null;
      item.state = error ? "failed" : "done";
      item.name = text(row.name) ?? item.name;
      item.jobId = text(row.job_id);
      item.serviceState = text(row.state);
      item.file = text(row.file);
      item.seconds = number(row.seconds);
      item.error = error && {
        class: text(error.class) ?? "Error",
        code: text(error.code),
        message: text(error.message) ?? "",
        requestId: null,
        hostId: null,
      };
    }
  }
  return {
    action: text(last.action) ?? "",
    count,
    began: time(last.began),
    doneBefore: number(last.done_before) ?? 0,
    items,
  };
}

export interface Progress {
  done: number;
  failed: number;
  running: number;
  left: number;
}

export function readProgress(value: unknown): Progress | null {
  if (!isObject(value)) return null;
  const [done, failed, running, left] = [value.done, value.failed, value.running, value.left].map(number);
  if (done == null || failed == null || running == null || left == null) return null;
  return { done, failed, running, left };
}

/** Items per minute and minutes left; null while both would be guesses. */
export function pace(progress: Progress, doneBefore: number, began: number | null, now: number) {
  const minutes = began === null ? 0 : (now - began) / 60_000;
  const finished = progress.done + progress.failed - doneBefore;
  const remaining = progress.running + progress.left;
  if (minutes < 1 || finished <= 0 || !remaining) return null;
  return { perMinute: finished / minutes, minutesLeft: (remaining * minutes) / finished };
}

const KINDS: Record<Exclude<Kind, "file">, RegExp> = {
  video: /\.(mp4|mov|m4v|webm|mkv|avi|flv|ts|mpg|mpeg|3gp|rm|rmvb|wmv)$/i,
  image: /\.(jpe?g|png|gif|webp|bmp|tiff?|avif)$/i,
  audio: /\.(mp3|wav|m4a|aac|ogg|flac)$/i,
};

/** Files beside media, such as subtitles and reports, whose keys may name the medium that they belong to. */
const OTHER = /\.(srt|vtt|ass|lrc|json|xml|txt|csv|pdf|xlsx?|zip|gz)$/i;

/** Kind of a file by its name, else by the key under which the result has it. */
export function kindOf(address: string, key = ""): Kind {
  const path = address.replace(/[?#].*$/, "");
  for (const [kind, pattern] of Object.entries(KINDS)) if (pattern.test(path)) return kind as Kind;
  if (OTHER.test(path)) return "file";
  if (/video(_?cover|_?image)/i.test(key) || /image|picture|cover|photo/i.test(key)) return "image";
  if (/audio|speech|voice/i.test(key)) return "audio";
  return /video/i.test(key) ? "video" : "file";
}

/** Only these addresses are ever opened, played or linked. */
export const isWebAddress = (address: unknown): address is string =>
  typeof address === "string" && /^https?:\/\//i.test(address);

export const isStorageAddress = (address: string): boolean => /^(s3|s3a|s3n|gs|gcs|oss|abfss?):\/\//.test(address);

/** Where results are stored: object storage, or a disk. */
export const isStoredAddress = (address: string): boolean => isStorageAddress(address) || address.startsWith("file://");

/** Parts of the address that signing adds are shown as `***`; then it cannot be opened. */
export const isRedacted = (address: string): boolean => address.includes("***");

/** Whether two addresses name the same file, whatever they are signed with. */
export const samePath = (one: string, other: string): boolean =>
  one.replace(/[?#].*$/, "") === other.replace(/[?#].*$/, "");

/** The value at a dotted path in a result, such as `Outputs.0.ImageURL`. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inside, name) => {
    if (Array.isArray(inside)) return inside[Number(name)];
    return isObject(inside) ? inside[name] : undefined;
  }, value);
}

/** Plain values of a result by their names; not the addresses, which are shown as files. */
export const plainFields = (value: Json): [string, string | number | boolean][] =>
  Object.entries(value).filter(
    (entry): entry is [string, string | number | boolean] =>
      ["string", "number", "boolean"].includes(typeof entry[1]) &&
      !/^https?:/i.test(String(entry[1])) &&
      !isStoredAddress(String(entry[1])),
  );

/** All texts inside a value that are web addresses. */
export function webAddresses(value: unknown): string[] {
  if (isWebAddress(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(webAddresses);
  return isObject(value) ? Object.values(value).flatMap(webAddresses) : [];
}

/** When a presigned link expires, in milliseconds; null if it does not say. */
export function linkExpiry(url: string): number | null {
  const query = new Map([...new URLSearchParams(url.split("?")[1] ?? "")].map(([k, v]) => [k.toLowerCase(), v]));
  const expires = Number(query.get("expires"));
  if (expires > 0) return expires * 1000;
  for (const vendor of ["oss", "amz", "goog", "tos", "obs"]) {
    const seconds = Number(query.get(`x-${vendor}-expires`));
    const signed = query.get(`x-${vendor}-date`)?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
    if (seconds > 0 && signed) return Date.parse(signed) + seconds * 1000;
  }
  return null;
}

/** `EraseVideoSubtitlesOperator` → `Erase video subtitles`. */
export function title(name: string): string {
  const words = name
    .replace(/^.*\./, "")
    .replace(/(Operator|Sensor)$/, "")
    .replace(/([a-z])([A-Z\d])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .replace(/^Vias\b/, "VIAS")
    .split(" ");
  return words.map((word, n) => (n && !/^[A-Z\d]{2,}$/.test(word) ? word.toLowerCase() : word)).join(" ");
}

export function duration(milliseconds: number): string {
  const tenths = Math.round(Math.max(0, milliseconds) / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(Math.max(0, milliseconds) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const shortName = (address: string): string =>
  decodeText(address.replace(/[?#].*$/, "").replace(/\/+$/, "").split("/").pop() ?? address);

function decodeText(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

export const isActive = (state: string | null | undefined): boolean =>
  !["success", "failed", "skipped", "upstream_failed", "removed"].includes(state ?? "");

export const operatorOf = (instance: TaskInstance): string => instance.operator_name ?? instance.operator ?? "";

/** Airflow 3.1 does not encode what it puts into the address: a plus sign is itself, and an ampersand cannot occur. */
export function parseQuery(search: string): Partial<TaskKey> {
  const found = new Map<string, string>();
  for (const pair of search.replace(/^\?/, "").split("&")) {
    const [name, ...rest] = pair.split("=");
    if (name) found.set(name, decodeText(rest.join("=")));
  }
  const given = (name: string) => {
    const value = found.get(name);
    return value && !/^\{[A-Z_]+\}$/.test(value) ? value : undefined;
  };
  const mapIndex = Number(given("map_index") ?? -1);
  return {
    dagId: given("dag_id"),
    runId: given("run_id"),
    taskId: given("task_id"),
    mapIndex: Number.isInteger(mapIndex) ? mapIndex : -1,
  };
}
