import { describe, expect, it } from "vitest";

import { readHits } from "./Images";
import {
  at,
  duration,
  isWebAddress,
  kindOf,
  linkExpiry,
  pace,
  parseQuery,
  readBatch,
  readProgress,
  readUsage,
  readView,
  samePath,
  title,
  totalUsage,
  webAddresses,
} from "./model";

const NONSENSE: unknown[] = [undefined, null, 0, NaN, "", "text", true, [], [1, null], {}, { files: 5 }, { count: "x" }];

describe("values that any task may have written", () => {
  it.each(NONSENSE.map((value) => [value]))("are read without an error: %j", (value) => {
    expect(() => [readView(value), readBatch([value]), readProgress(value), readUsage(value)]).not.toThrow();
    expect(webAddresses(value)).toEqual([]);
  });

  it("do not make a table of any size", () => {
    expect(readBatch([{ count: 1e12, rows: [{ index: -1 }, { index: 1e9 }, null] }])?.count).toBe(100_000);
  });
});

describe("addresses", () => {
  it.each(["javascript:alert(1)", "data:text/html,x", " https://a", "//a/b", "file:///a", "blob:https://a", 5])(
    "%s is not opened",
    (address) => expect(isWebAddress(address)).toBe(false),
  );

  it("of the same file are recognised whatever they are signed with", () => {
    expect(samePath("https://a/b.mp4?Signature=***", "https://a/b.mp4?Signature=x")).toBe(true);
    expect(samePath("https://a/b.mp4", "https://a/c.mp4")).toBe(false);
  });

  it.each([
    ["https://a/b?Expires=1767225600&Signature=s", 1767225600000],
    ["https://a/b?X-Amz-Date=20260101T000000Z&X-Amz-Expires=600", 1767226200000],
    ["https://a/b?x-oss-date=20260101T000000Z&x-oss-expires=600", 1767226200000],
    ["https://a/b", null],
    ["https://a/b?Expires=soon", null],
  ])("say when they expire: %s", (url, expected) => expect(linkExpiry(url)).toBe(expected));

  it.each([
    ["https://a/b.MP4?x", "", "video"],
    ["s3://a/b.jpeg", "VideoUrl", "image"],
    ["https://a/b", "VideoCoverUrl", "image"],
    ["https://a/b", "audio_file_url", "audio"],
    ["https://a/b.zip", "", "file"],
    ["https://a/b.srt", "audio_srt_file_url", "file"],
  ])("have a kind: %s", (address, key, kind) => expect(kindOf(address, key)).toBe(kind));
});

describe("the query of the page", () => {
  it("is read as each version of Airflow writes it", () => {
    const plain = parseQuery("?dag_id=a&run_id=manual__2026-01-01T00:00:00+00:00&task_id=g.t&map_index={MAP_INDEX}");
    const encoded = parseQuery("?dag_id=a&run_id=manual__2026-01-01T00%3A00%3A00%2B00%3A00&task_id=g.t&map_index=3");
    expect(plain).toEqual({ dagId: "a", runId: "manual__2026-01-01T00:00:00+00:00", taskId: "g.t", mapIndex: -1 });
    expect(encoded).toEqual({ ...plain, mapIndex: 3 });
  });

  it("may be incomplete or broken", () => {
    expect(parseQuery("")).toEqual({ dagId: undefined, runId: undefined, taskId: undefined, mapIndex: -1 });
    expect(parseQuery("?dag_id=%E0%A4%A&map_index=x").mapIndex).toBe(-1);
  });
});

describe("a batch", () => {
  const head = { action: "a.B", count: 5, done_before: 1, began: "2026-01-01T00:00:00Z" };
  const batch = readBatch([
    { ...head, rows: [{ index: 0, name: "a.mp4" }], running: [{ index: 1, job_id: "j1" }, { index: 2, job_id: "j2" }] },
    { ...head, rows: [{ index: 1, error: { code: "Bad", message: "m" } }], running: [{ index: 2, job_id: "j2" }] },
  ]);

  it("has one state for each item: what the last page says", () => {
    expect(batch?.items.map((item) => item.state)).toEqual(["done", "failed", "running", "left", "left"]);
  });

  it("has a rate only with a sensible time base", () => {
    const progress = { done: 60, failed: 1, running: 10, left: 29 };
    expect(pace(progress, 1, 0, 30_000)).toBeNull();
    expect(pace(progress, 1, 0, 120_000)).toEqual({ perMinute: 30, minutesLeft: 1.3 });
  });
});

describe("usage", () => {
  const known = { jobs: 1, measured: 1, output_seconds: 60, cost: 2, currency: "CNY" };

  it("has a sum whose cost is known only if all are", () => {
    const one = readUsage(known)!;
    const other = readUsage({ ...known, cost: null })!;
    expect(totalUsage([one, one])).toMatchObject({ jobs: 2, seconds: 120, cost: 4, currency: "CNY" });
    expect(totalUsage([one, other])).toMatchObject({ seconds: 120, cost: null, currency: null });
    expect(totalUsage([])).toBeNull();
  });
});

it("finds a file by its key in the result", () => {
  expect(at({ Outputs: [{ ImageURL: "x" }] }, "Outputs.0.ImageURL")).toBe("x");
  expect(at({}, "a.b.c")).toBeUndefined();
});

it("names tasks and durations in words", () => {
  expect(title("videoenhan.EraseVideoSubtitles")).toBe("Erase video subtitles");
  expect(title("ViapiBatchOperator")).toBe("Viapi batch");
  expect(title("metastudio.Create2DDigitalHumanVideo")).toBe("Create 2D digital human video");
  expect(title("ViasAlarmSensor")).toBe("VIAS alarm");
  expect([3200, 59_000, 61_000, 3_660_000].map(duration)).toEqual(["3.2 s", "59 s", "1 min 1 s", "1 h 1 min"]);
});

it.each([
  [0, "0.0 s"],
  [9_949, "9.9 s"],
  [9_960, "10 s"],
  [59_600, "1 min 0 s"],
  [599_800, "10 min 0 s"],
  [3_599_700, "1 h 0 min"],
])("says %d ms as a duration without a sixtieth second", (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words);
});

it("shows the images that ImageSearch returns as hits, with the address that their author stored", () => {
  const result = {
    Auctions: [
      { ProductId: "mug", PicName: "front.jpg", CustomContent: "s3://media/front.jpg", Score: 0.93 },
      { ProductId: "cup", PicName: "a.jpg", CustomContent: "a cup: blue" },
    ],
  };

  expect(readHits(result)).toEqual([
    { id: "mug", score: 0.93, best: 1, image: "s3://media/front.jpg", extra: "front.jpg" },
    { id: "cup", score: null, best: 1, image: null, extra: "a.jpg · a cup: blue" },
  ]);
});
