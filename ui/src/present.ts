/** What is shown of a task: put together from its view, its result, and what exists while it still runs. */

import {
  type Batch,
  type Kind,
  type Usage,
  type View,
  at,
  isObject,
  isStoredAddress,
  isWebAddress,
  kindOf,
  operatorOf,
  readBatch,
  readUsage,
  readView,
  samePath,
  text,
  times,
  title,
} from "./model";
import { type TaskData, pagesOf } from "./useTask";

export interface Shown {
  key: string;
  kind: Kind;
  address: string | null;
  landed: string | null;
  link: string | null;
}

export interface Presented {
  title: string;
  view: View | null;
  batch: Batch | null;
  usage: Usage | null;
  jobId: string | null;
  jobLink: string | null;
  sources: Shown[];
  results: Shown[];
  /** Fields of the result. */
  result: Record<string, unknown>;
  /** The text that a task without media has read, such as a script that is spoken. */
  words: string | null;
  submittedAt: number | null;
  /** When the job was first seen in each of the service's states. */
  states: Record<string, number>;
}

const isAddress = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z][a-z0-9+.-]{0,20}:\/\/\S/i.test(value);

/** Media that a rendered request names, by the names of their parameters. */
function mediaOf(value: unknown, path = ""): Shown[] {
  if (isAddress(value)) {
    const name = path.split(".").reverse().find((part) => !/^\d+$/.test(part)) ?? "";
    // Addresses that the service calls, and the user's own text that it only stores.
    if (/callback|customcontent|extradata|strattr/i.test(path)) return [];
    return [{ key: path, kind: kindOf(value, name), address: value, landed: null, link: null }];
  }
  const inside = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  return inside.flatMap(([name, each]) => mediaOf(each, path ? `${path}.${name}` : String(name)));
}

/** Operators of any action, whose names say nothing of what a task does; and Airflow's own, which may show media, too. */
const GENERIC = /^[@_]|^(Viapi|HuaweiCloud)?(Job|Batch)?Operator$|^Python/;

export function present(data: TaskData): Presented {
  const { values, instance } = data;
  const view = readView(values.viapi_view);
  const batch = readBatch(pagesOf(values));
  const result = isObject(values.return_value) ? values.return_value : {};
  const landed = isObject(result.landed) ? result.landed : {};
  const operator = operatorOf(instance);
  const action = view?.action || batch?.action || text(at(values.job_intent, "action")) || "";
  const media = sourcesOf(instance.rendered_fields?.request);
  const rendered = media.length ? media : fileField(instance.rendered_fields, "source");
  // A quality check reads two videos, of which one was made from the other.
  const compared = media.length ? [] : fileField(instance.rendered_fields, "before");

  const results = (view?.files ?? []).map((file): Shown => {
    const link = at(result, file.key);
    return {
      key: file.key,
      kind: kindOf(file.landed ?? file.address ?? "", file.key.split(".").pop()),
      address: file.address,
      landed: file.landed ?? text(landed[file.key]),
      link: isWebAddress(link) ? link : null,
    };
  });
  // A task that stages a file returns its address alone.
  if (!view) results.push(...filesOf(isObject(values.return_value) ? result : { return_value: values.return_value }, landed));
  if (compared.length && !results.length) results.push(...rendered);
  const sources = view?.sources.length
    ? view.sources.map((source): Shown => {
        const name = source.parameter.split(".").reverse().find((part) => !/^\d+$/.test(part));
        const full = rendered.find((each) => each.address && samePath(each.address, source.address));
        const address = full?.address ?? source.address;
        return { key: source.parameter, kind: kindOf(address, name), address, landed: null, link: null };
      })
    : compared.length
      ? compared
      : rendered;

  const jobId = view?.jobId ?? text(values.job_id) ?? text(at(values.job_states, "job_id"));
  const signed = Date.parse(text(at(values.job_intent, "signed_at")) ?? "");
  const ofAny = operator.includes("Batch") ? operator : "";
  const named = GENERIC.test(operator) ? (action && !action.includes("Batch") ? action : ofAny) : operator;
  return {
    title: title(named) || data.key.taskId,
    view,
    batch,
    usage: view?.usage ?? readUsage(values.usage),
    jobId,
    jobLink: isWebAddress(values.job_link) ? values.job_link : null,
    sources,
    results: rank(results),
    result,
    words: sources.length ? null : wordsOf(instance.rendered_fields?.request),
    submittedAt: Number.isNaN(signed) ? null : signed,
    states: { ...liveStates(values.job_states, jobId), ...view?.states },
  };
}

/** Media that a request or an item of a batch names, the likely ones first. */
export function sourcesOf(request: unknown): Shown[] {
  // Airflow stores the names of a request in their alphabetical order; other texts may be addresses, too.
  const isMedia = (file: Shown) => /(ur[li]|image|video|audio|picture|piccontent|file)(\.\d+)?$/i.test(file.key);
  const media = mediaOf(request);
  return [...media.filter(isMedia), ...media.filter((file) => !isMedia(file))];
}

/** Files of a task that publishes no view: links in its result, where these were landed, and what it has stored. */
function filesOf(result: Record<string, unknown>, landed: Record<string, unknown>): Shown[] {
  const files = new Map<string, Shown>();
  const own = Object.entries(result).filter(([name]) => !["MatchList", "Auctions", "landed"].includes(name));
  for (const file of mediaOf(Object.fromEntries(own))) {
    if (isWebAddress(file.address)) files.set(file.key, { ...file, link: file.address });
    // Such as of a task that only lands a result.
    else if (file.address && isStoredAddress(file.address)) files.set(file.key, { ...file, address: null, landed: file.address });
  }
  for (const [key, value] of Object.entries(landed)) {
    const address = text(value);
    if (!address) continue;
    const kind = kindOf(address, key.split(".").pop());
    files.set(key, { ...(files.get(key) ?? { key, address: null, link: null }), kind, landed: address });
  }
  return [...files.values()];
}

/** The longest text of a request that is no address and no id: it has a space, or letters that ids do not have. */
function wordsOf(value: unknown): string | null {
  const texts = textsIn(value).filter((each): boolean => /[^!-~]/.test(each.trim()) && !isAddress(each));
  return texts.sort((one, other) => other.length - one.length)[0] ?? null;
}

const textsIn = (value: unknown): string[] =>
  typeof value === "string"
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(textsIn)
      : isObject(value)
        ? Object.values(value).flatMap(textsIn)
        : [];

/** The file that an operator names in a field of its own. */
const fileField = (fields: unknown, name: string): Shown[] => mediaOf(at(fields, name), name).slice(0, 1);

/** What a wait has seen of a job so far; a trigger of an earlier attempt may have written it about another job. */
const liveStates = (value: unknown, jobId: string | null): Record<string, number> =>
  at(value, "job_id") === jobId ? times(at(value, "states")) : {};

/** The main file first: a video before its cover picture. */
function rank(files: Shown[]): Shown[] {
  const order: Kind[] = ["video", "audio", "image", "file"];
  return [...files].sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

export const isOurs = (data: TaskData, operators: ReadonlySet<string>): boolean =>
  operators.has(operatorOf(data.instance)) ||
  ["viapi_view", "items_0", "job_intent"].some((name) => name in data.values);
