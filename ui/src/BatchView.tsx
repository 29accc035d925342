import { useEffect, useId, useMemo, useRef, useState } from "react";

import { type TaskKey, xcomValue } from "./airflow";
import { Compare, isComparable } from "./Compare";
import { FileFacts, Player } from "./Player";
import {
  type Batch,
  type Item,
  type Progress,
  at,
  isObject,
  isWebAddress,
  kindOf,
  list,
  pace,
  shortName,
  webAddresses,
} from "./model";
import { ErrorBox } from "./Errors";
import { sourcesOf } from "./present";
import { useFile } from "./useFile";

const ROW = 34;
const OVERSCAN = 8;
const FILTERS = ["all", "done", "failed", "running", "left"] as const;

/** An estimate, without seconds that it cannot know. */
const roughly = (minutes: number): string => {
  const whole = Math.max(1, Math.round(minutes));
  return whole < 90 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
};

/** @param now null of a batch that has ended, which has no rate any more */
export function ProgressBar({ progress, batch, now }: { progress: Progress; batch: Batch; now: number | null }) {
  const total = progress.done + progress.failed + progress.running + progress.left || 1;
  const rate = now === null ? null : pace(progress, batch.doneBefore, batch.began, now);
  const parts = ["done", "failed", "running", "left"] as const;
  const percent = Math.round((100 * (progress.done + progress.failed)) / total);
  return (
    <section aria-label="Progress">
      <div className="progress" role="progressbar" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} aria-label="Items that have ended">
        {parts.map((part) => (
          <span key={part} className={part} style={{ width: `${(100 * progress[part]) / total}%` }} />
        ))}
      </div>
      <p className="legend">
        {parts.map((part) => (
          <span key={part}>
            <i className={part} aria-hidden="true" /> <strong>{progress[part].toLocaleString()}</strong> {part}
          </span>
        ))}
        {rate && (
          <span className="muted">
            {rate.perMinute >= 1.5 ? `${rate.perMinute.toFixed(0)} per minute` : `${(rate.perMinute * 60).toFixed(0)} per hour`}
            , about {roughly(rate.minutesLeft)} left
          </span>
        )}
      </p>
    </section>
  );
}

/**
 * A table of any length: only the rows in view are in the page.
 *
 * @param sources rendered arguments of the items; Airflow shortens long ones to a text
 */
export function ItemTable({ batch, owner, sources }: { batch: Batch; owner: TaskKey; sources: unknown }) {
  const [filter, setFilter] = useState<(typeof FILTERS)[number]>("all");
  const [query, setQuery] = useState("");
  const [top, setTop] = useState(0);
  const [chosen, setChosen] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const rows = useRows(owner);
  const id = useId();
  const height = 420;
  const items = useMemo(() => {
    const words = query.trim().toLowerCase();
    return batch.items.filter(
      (item) =>
        (filter === "all" || item.state === filter) &&
        (!words ||
          [item.name, item.jobId, item.error?.code, item.error?.message, String(item.index)].some((each) =>
            each?.toLowerCase().includes(words),
          )),
    );
  }, [batch, filter, query]);
  const first = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
  const visible = items.slice(first, first + Math.ceil(height / ROW) + 2 * OVERSCAN);
  const item = chosen === null ? undefined : batch.items[chosen];
  const move = (by: number) => {
    const place = items.findIndex((each) => each.index === chosen);
    const next = items[Math.min(items.length - 1, Math.max(0, place + by))];
    if (!next || !box.current) return;
    setChosen(next.index);
    // The heads stay above the rows, so that one row less is in view.
    const y = Math.min(items.length - 1, Math.max(0, place + by)) * ROW;
    if (y < box.current.scrollTop) box.current.scrollTop = y;
    if (y + 3 * ROW > box.current.scrollTop + height) box.current.scrollTop = y + 3 * ROW - height;
  };
  return (
    <section aria-label="Items">
      <div className="bar">
        <h2>
          Items <span className="muted">{items.length.toLocaleString()}</span>
        </h2>
        <div className="segments" role="group" aria-label="Which items">
          {FILTERS.map((each) => (
            <button key={each} type="button" aria-pressed={filter === each} onClick={() => setFilter(each)}>
              {each}
            </button>
          ))}
        </div>
        <input
          type="search"
          placeholder="Name, job or error"
          aria-label="Search items"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      </div>
      <div
        ref={box}
        className="table"
        role="grid"
        aria-rowcount={items.length + 1}
        aria-activedescendant={visible.some((each) => each.index === chosen) ? `${id}-${chosen}` : undefined}
        aria-label="Items; arrow keys choose"
        tabIndex={0}
        style={{ maxHeight: height }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
          if (by) {
            event.preventDefault();
            move(by);
          }
        }}
      >
        <div className="row heads" role="row" aria-rowindex={1} style={{ height: ROW }}>
          <span role="columnheader">Item</span>
          <span role="columnheader">State</span>
          <span role="columnheader">Source</span>
          <span role="columnheader">Result or error</span>
          <span role="columnheader">Output</span>
        </div>
        <div role="presentation" style={{ height: items.length * ROW, position: "relative" }}>
          {visible.map((each, n) => (
            <div
              key={each.index}
              id={`${id}-${each.index}`}
              role="row"
              aria-rowindex={first + n + 2}
              aria-selected={each.index === chosen}
              className="row"
              style={{ top: (first + n) * ROW, height: ROW }}
              onClick={() => setChosen(each.index)}
            >
              <span role="gridcell" className="muted">
                {each.index}
              </span>
              <span role="gridcell">
                <i className={each.state} aria-hidden="true" /> {each.state}
              </span>
              <span role="gridcell" className="clip" dir="auto">
                {each.name || "—"}
              </span>
              <span role="gridcell" className="clip" dir="auto">
                {each.error ? (
                  <>
                    <code>{each.error.code ?? each.error.class}</code> {each.error.message}
                  </>
                ) : (
                  <span className="muted">{each.file ? shortName(each.file) : (each.jobId ?? "")}</span>
                )}
              </span>
              <span role="gridcell" className="muted">
                {each.seconds !== null && `${each.seconds.toFixed(1)} s`}
              </span>
            </div>
          ))}
        </div>
      </div>
      {!items.length && <p className="muted">No item is like that.</p>}
      {item && <ItemDetails key={item.index} item={item} owner={owner} source={sourcesOf(list(sources)[item.index])[0]?.address ?? null} rows={rows} />}
    </section>
  );
}

/** The rows of the result, which hold the links: megabytes that are requested once, and not before the batch has ended. */
function useRows(owner: TaskKey): () => Promise<unknown[]> {
  const rows = useRef<Promise<unknown[]> | null>(null);
  return () => {
    const loading = (rows.current ??= xcomValue(owner, "return_value").then(list));
    const forget = () => void (rows.current === loading && (rows.current = null));
    void loading.then((found) => found.length || forget(), forget);
    return loading;
  };
}

interface ItemDetailsProps {
  item: Item;
  owner: TaskKey;
  source: string | null;
  rows: () => Promise<unknown[]>;
}

/** Source and result of one item; a link, which only the rows hold, is looked up now. */
function ItemDetails({ item, owner, source, rows }: ItemDetailsProps) {
  const [link, setLink] = useState<{ url: string | null } | null>(null);
  const hasLink = item.state === "done" && isWebAddress(item.file);
  useEffect(() => {
    if (!hasLink) return;
    let isCurrent = true;
    const show = (url: string | null) => isCurrent && setLink({ url });
    const ofItem = (row: unknown) => isObject(row) && row.index === item.index;
    const find = (all: unknown[]) => show(webAddresses(at(all.find(ofItem), "result"))[0] ?? null);
    void rows().then(find, () => show(null));
    return () => {
      isCurrent = false;
    };
  }, [item.index, hasLink]);
  return (
    <div className="details" aria-label={`Item ${item.index}`} role="region">
      <h3>
        Item {item.index} <bdi>{item.name}</bdi>
      </h3>
      {item.jobId && (
        <p className="facts">
          Job <code>{item.jobId}</code> {item.serviceState}
        </p>
      )}
      {item.error && <ErrorBox error={item.error} />}
      {item.state === "done" && (!hasLink || link) && (
        <ItemMedia item={item} owner={owner} source={source} link={link?.url ?? null} />
      )}
    </div>
  );
}

function ItemMedia({ item, owner, source, link }: { item: Item; owner: TaskKey; source: string | null; link: string | null }) {
  const landed = isWebAddress(item.file) ? null : item.file;
  const after = useFile(owner, item.file, landed, link);
  const before = useFile(owner, source, null, null);
  const kind = kindOf(item.file ?? link ?? "", "video");
  if (isComparable(kind) && source) return <Compare before={before} after={after} kind={kind} />;
  return (
    <>
      <div className="single">
        <Player file={after} kind={kind} label="Result" controls />
      </div>
      <FileFacts file={after} />
    </>
  );
}
