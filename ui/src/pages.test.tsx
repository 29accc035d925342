import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { taskInstances } from "./airflow";
import { StoryboardTab } from "./StoryboardTab";
import { MediaTab } from "./MediaTab";

const OWNER = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1 };
const OPERATORS = new Set(["EraseVideoSubtitlesOperator"]);

interface Answers {
  state?: string;
  operator?: string;
  xcoms?: Record<string, unknown>;
  rendered?: Record<string, unknown>;
  attempt?: number;
  /** Answer of the plugin to a request for a link to a stored file. */
  link?: () => unknown;
  /** Number of task instances that Airflow says the run has. */
  total?: number;
  /** When the XComs were written. */
  stamp?: string;
  status?: number;
}

/** Airflow's public REST API as far as the page calls it. */
function airflow({ state = "success", operator = "EraseVideoSubtitlesOperator", xcoms = {}, rendered = {}, attempt = 1, stamp = "1", status, link, total = 1 }: Answers) {
  const calls: string[] = [];
  const instance = { task_id: "t", map_index: -1, state, operator_name: operator, try_number: attempt, rendered_fields: rendered };
  vi.stubGlobal("fetch", (path: string) => {
    calls.push(path);
    const respond = (body: unknown, code = 200) => Promise.resolve(new Response(JSON.stringify(body), { status: code }));
    if (status) return respond({ detail: "no" }, status);
    if (path.endsWith("errors.json")) return respond({ Bad: { means: "It is bad.", do: "mind it" } });
    if (path.startsWith("files/")) return link ? respond(link()) : respond({ detail: "none" }, 404);
    const key = /xcomEntries\/([^?]+)/.exec(path)?.[1];
    if (key) return key in xcoms ? respond({ value: xcoms[key] }) : respond({ detail: "none" }, 404);
    const wanted = /xcom_key=(\w+)/.exec(path)?.[1];
    const entries = Object.keys(xcoms)
      .filter((name) => !wanted || name === wanted)
      .map((name) => ({ key: name, task_id: "t", map_index: -1, timestamp: stamp }));
    if (path.includes("/xcomEntries")) return respond({ xcom_entries: entries, total_entries: entries.length });
    if (path.includes("/taskInstances?")) return respond({ task_instances: /offset=0/.test(path) ? [instance] : [], total_entries: total });
    return respond(instance);
  });
  return calls;
}

beforeEach(() => {
  HTMLMediaElement.prototype.play = () => Promise.resolve();
  HTMLMediaElement.prototype.pause = () => undefined;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  window.localStorage.clear();
});

const VIEW = {
  action: "videoenhan.EraseVideoSubtitles",
  job_id: "job-1",
  sources: [{ parameter: "VideoUrl", address: "https://m/in.mp4" }],
  files: [{ key: "VideoUrl", address: "https://m/out.mp4" }],
  timeline: { submitted: "2026-01-01T00:00:00Z", noticed: "2026-01-01T00:01:00Z" },
};

describe("a task", () => {
  it("shows before and after, its times and its job", async () => {
    airflow({ xcoms: { viapi_view: VIEW, return_value: { VideoUrl: "https://m/out.mp4?Signature=s" } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    expect((await screen.findByRole("heading", { level: 1 })).textContent).toBe("Erase video subtitles");
    await waitFor(() => expect(screen.getByLabelText("After").getAttribute("src")).toBe("https://m/out.mp4?Signature=s"));
    expect(screen.getByLabelText("Before").getAttribute("src")).toBe("https://m/in.mp4");
    expect(screen.getAllByText("1 min 0 s")).toHaveLength(2);
    expect(screen.getByText("job-1")).toBeTruthy();
  });

  it("explains an error with what the documentation says of its code", async () => {
    const error = { class: "JobFailed", code: "Bad", message: "it broke", request_id: "R" };
    airflow({ state: "failed", xcoms: { viapi_view: { ...VIEW, files: [], error } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByText("It is bad.");
    expect(screen.getByText("it broke")).toBeTruthy();
  });

  it("shows times in the time zone that was chosen in Airflow", async () => {
    window.localStorage.setItem("timezone", '"Asia/Shanghai"');
    airflow({ xcoms: { viapi_view: VIEW } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    expect(await screen.findByText("08:01:00")).toBeTruthy();

    cleanup();
    window.localStorage.setItem("timezone", '"<nowhere>"');
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText(/^\d\d:01:00$/);
  });

  it("shows alarms, the newest first", async () => {
    window.localStorage.setItem("timezone", '"UTC"');
    const alarms = [
      { kind: "smoke_and_fire", at: "2026-01-01T00:00:00+00:00", stream_id: "roof", events: [], problems: ["no time"] },
      { kind: "vehicle", at: "2026-01-02T00:00:00+00:00", events: [{ plate_id: "AB 1", category: "car" }], problems: [] },
      "no alarm",
    ];
    airflow({ operator: "ViasAlarmSensor", xcoms: { return_value: { alarms } } });
    render(<MediaTab owner={OWNER} operators={new Set(["ViasAlarmSensor"])} />);

    await screen.findByRole("heading", { name: "Alarms 2" });
    const rows = screen.getAllByRole("row").slice(1).map((row) => row.textContent);
    expect(rows[0]).toContain("vehicle2026-01-02 00:00:00");
    expect(rows[0]).toContain("car, AB 1");
    expect(rows[1]).toContain("smoke and fire2026-01-01 00:00:00roof");
    expect(rows[1]).toContain("no time");
  });

  it.each([
    [{ try_number: 3, resumed_from: 1 }, 3, "resumed the job of attempt 1"],
    [{ try_number: 2, resumed_from: 2 }, 2, null],
    [{ try_number: 1, reused: { run_id: "monday" } }, 1, "reused the result of run monday"],
  ])("says which attempt it is and where its job is from: %j", async (fields, attempt, words) => {
    airflow({ attempt, xcoms: { viapi_view: { ...VIEW, ...fields } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByRole("heading", { level: 1 });
    const tags = screen.queryAllByText(/attempt|reused/).map((tag) => tag.textContent);
    expect(tags).toEqual([attempt > 1 && `attempt ${attempt}`, words].filter(Boolean));
  });

  it("begins the times of a resumed job with its submission", async () => {
    const timeline = { submitted: "2026-01-01T00:00:00Z", rendered: "2026-01-01T00:05:00Z", noticed: "2026-01-01T00:06:00Z" };
    airflow({ attempt: 2, xcoms: { viapi_view: { ...VIEW, try_number: 2, resumed_from: 1, timeline } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByText("Noticed");
    const steps = screen.getAllByRole("listitem").map((step) => step.querySelector("strong")?.textContent);
    expect(steps).toEqual(["Submitted", "Attempt 2", "Noticed"]);
  });

  it("says that what it shows is of an earlier attempt until the next one has begun", async () => {
    airflow({ state: "queued", attempt: 2, xcoms: { viapi_view: { ...VIEW, try_number: 1 } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByText("shown below: attempt 1");
  });

  it("refers to the log between two attempts, if Airflow does not return what the failed one has recorded", async () => {
    airflow({ state: "up_for_retry", attempt: 2, xcoms: {} });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByText(/The log of the failed attempt says why/);
    expect(screen.queryByText("Preparing")).toBeNull();
    expect(screen.queryByText(/^The task is/)).toBeNull();
  });

  it("shows the new job of a task that was cleared, without being opened again", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const xcoms = (job: string) => ({ viapi_view: { ...VIEW, job_id: job } });
    airflow({ xcoms: xcoms("job-1"), stamp: "1" });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText("job-1");

    airflow({ state: "deferred", attempt: 2, xcoms: xcoms("job-2"), stamp: "2" });
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    await screen.findByText("job-2");
    expect(screen.getByText("attempt 2")).toBeTruthy();
  });

  it("shows the ids of a job of Huawei Cloud and of the request that created it", async () => {
    const view = { ...VIEW, action: "metastudio.CreateAsyncTtsJob", request_id: "r-1-host" };
    airflow({ xcoms: { viapi_view: view } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findByText("r-1-host");
    expect(screen.getByText("job-1").parentElement?.textContent).toMatch(/^Job job-1.*Request id r-1-host/);
  });

  it("shows the states of a job while it waits, and not those of another job", async () => {
    const live = (jobId: string) => ({
      state: "deferred",
      xcoms: {
        viapi_view: { ...VIEW, files: [], timeline: { submitted: "2026-01-01T00:00:00Z" } },
        job_states: { job_id: jobId, states: { QUEUING: "2026-01-01T00:00:02Z", PROCESSING: "2026-01-01T00:00:12Z" } },
      },
    });
    airflow(live("job-1"));
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText("Waiting for the job");
    const steps = screen.getAllByRole("listitem").map((step) => step.querySelector("strong")?.textContent);
    expect(steps).toEqual(["Submitted", "Queuing", "Processing", "Waiting for the job"]);
    expect(screen.getByText("10 s")).toBeTruthy();

    cleanup();
    airflow(live("job-of-an-earlier-attempt"));
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText("Waiting for the job");
    expect(screen.queryByText("Processing")).toBeNull();
  });

  it.each([
    [
      "of resources, beside what was bought",
      { resources: [{ business_type: "VIDEO_2D", resource_type: "video_time", usage: 12.5, amount: 600, unit: "MIN" }] },
      [["VIDEO_2D · video_time", "12.5 of 600 min"]],
    ],
    [
      "over time, as sums by resource",
      {
        count: 2,
        time_list: [
          { time: "2026-01-01T00:00:00Z", resources_usage: [{ business_type: "VIDEO_2D", usage: 1.5, unit: "MIN" }] },
          {
            time: "2026-01-02T00:00:00Z",
            resources_usage: [
              { business_type: "VIDEO_2D", usage: 2, unit: "MIN" },
              { business_type: "LIVE_2D", usage: 60, unit: "MIN" },
            ],
          },
        ],
      },
      [
        ["VIDEO_2D", "3.5 min"],
        ["LIVE_2D", "60 min"],
      ],
    ],
    ["as a sum", { business_type: "VIDEO_2D", number: 3, usage: 0.25, unit: "HOUR" }, [["VIDEO_2D", "0.25 h in 3 jobs"]]],
    [
      "of voices, as what is left of those bought",
      { resources: [{ resource_type: "BASIC", resource_nums: 10, resource_available_nums: 8 }], count: 1 },
      [["BASIC", "2 of 10"]],
    ],
    ["as numbers of resources", { resources_count: [{ business_type: "VOICE_CLONE", count: 3 }] }, [["VOICE_CLONE", "3 resources"]]],
    [
      "as quotas of users",
      { assets: [{ user_id: "anna", quota: { voice_clone_basic: 2, video_time_2d_model: -1 } }], count: 1 },
      [
        ["anna", "voice_clone_basic", "quota 2"],
        ["anna", "video_time_2d_model", "no limit"],
      ],
    ],
  ])("shows the usage of the account %s", async (_, result, rows) => {
    airflow({ operator: "HuaweiCloudOperator", xcoms: { return_value: result } });
    render(<MediaTab owner={OWNER} operators={new Set(["HuaweiCloudOperator"])} />);
    await screen.findByRole("heading", { name: "Usage of the account" });
    const table = screen.getAllByRole("table")[0]!;
    const cells = [...table.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
    expect(cells).toEqual(rows);
  });

  it("keeps markup in values as text", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    const error = { class: evil, code: evil, message: evil };
    airflow({ xcoms: { viapi_view: { ...VIEW, job_id: evil, sources: [{ address: "javascript:x" }], error } } });
    const { container } = render(<MediaTab owner={OWNER} operators={OPERATORS} />);

    await screen.findAllByText(evil);
    expect(container.querySelector("[onerror]")).toBeNull();
    expect(container.innerHTML).not.toMatch(/(src|href)="javascript:/);
  });

  it("of another operator has nothing here", async () => {
    airflow({ operator: "BashOperator" });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    expect(await screen.findByText("No media here")).toBeTruthy();
  });

  it.each([
    [401, "You are not logged in"],
    [403, "You may not see this"],
    [404, "There is no such task"],
    [500, "Airflow did not respond as expected"],
  ])("says what a response with status %i means", async (status, words) => {
    airflow({ status });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    expect(await screen.findByText(words)).toBeTruthy();
  });

  it.each([
    [401, /You are not logged in any more/],
    [502, /Trying again/],
  ])("keeps what it shows when a later response has status %i, and says so", async (status, words) => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    airflow({ state: "deferred", xcoms: { viapi_view: VIEW } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText("job-1");

    airflow({ status });
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    await screen.findByText(words);
    expect(screen.getByText("job-1")).toBeTruthy();
  });

  it("counts down until a link expires, and says when it has", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const link = `https://m/out.mp4?Expires=${Math.floor(Date.now() / 1000) + 62}&Signature=s`;
    airflow({ xcoms: { viapi_view: VIEW, return_value: { VideoUrl: link } } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText(/link works for 1 min/);
    expect(screen.getAllByText("Open")).toHaveLength(2);

    await vi.advanceTimersByTimeAsync(70_000);
    vi.useRealTimers();
    await screen.findByText("link expired");
    expect(screen.getAllByText("Open")).toHaveLength(1);
  });

  it("says that a browser plays the sound but not the picture, and shows what a later attempt made", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const made = (name: string) => ({ viapi_view: { ...VIEW, files: [{ key: "VideoUrl", address: `https://m/${name}` }] }, return_value: { VideoUrl: `https://m/${name}` } });
    airflow({ xcoms: made("hevc.mp4") });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    const video = await screen.findByLabelText("After");
    Object.defineProperty(video, "videoWidth", { value: 0 });
    fireEvent.loadedMetadata(video);
    await screen.findByText("Download hevc.mp4");

    airflow({ attempt: 2, stamp: "2", xcoms: made("h264.mp4") });
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    await waitFor(() => expect(screen.getByLabelText("After").getAttribute("src")).toBe("https://m/h264.mp4"));
  });

  it("requests again only what has changed", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const calls = airflow({ state: "deferred", xcoms: { job_id: "job-1" } });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText("Waiting for the job");
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();

    expect(calls.filter((path) => path.endsWith("/taskInstances/t")).length).toBeGreaterThan(2);
    expect(calls.filter((path) => path.includes("xcomEntries/job_id"))).toHaveLength(1);
  });
});

it("shows of ten thousand items only those in view", async () => {
  const head = { action: "a.B", count: 10_000, running: [] };
  const rows = (page: number) => Array.from({ length: 1000 }, (_, n) => ({ index: page * 1000 + n, name: "f" }));
  const pages = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`items_${n}`, { ...head, rows: rows(n) }]));
  airflow({ xcoms: { ...pages, progress: { done: 10_000, failed: 0, running: 0, left: 0 } } });
  const { container } = render(<MediaTab owner={OWNER} operators={OPERATORS} />);

  await screen.findAllByText("10,000");
  expect(container.querySelectorAll(".row").length).toBeLessThan(60);
});

describe("a task that reads a text", () => {
  const rendered = { request: { voice_asset_id: "a-voice", text: "Good morning, meadow!", callback: "https://m/done now" } };
  const view = { ...VIEW, action: "metastudio.CreateAsyncTtsJob", sources: [], files: [{ key: "audio_url", address: "https://m/a.wav" }] };
  beforeEach(() => void airflow({ rendered, xcoms: { viapi_view: view, return_value: { audio_url: "https://m/a.wav" } } }));

  it("shows it beside the result", async () => {
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    expect(await screen.findByText("Good morning, meadow!")).toBeTruthy();
    expect(await screen.findByLabelText("Result")).toBeTruthy();
  });

  it("is a step of its run from the text to the result", async () => {
    const { container } = render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
    await screen.findByText("Good morning, meadow!");
    await screen.findByLabelText("After");
    expect([...container.querySelector(".flow")!.children].map((each) => each.className)).toEqual(["blank words", "arrow", "thumb"]);
  });
});

it.each([
  [{ done: 258, failed: 42, running: 5, left: 695 }, "30 per minute, about 23 min left"],
  [{ done: 10, failed: 0, running: 0, left: 990 }, "60 per hour, about 16 h 30 min left"],
])("estimates how long a batch takes: %j", async (progress, words) => {
  const began = new Date(Date.now() - 600_000).toISOString();
  airflow({ state: "deferred", xcoms: { items_0: { action: "a.B", count: 1000, began, done_before: 0, rows: [], running: [] }, progress } });
  render(<MediaTab owner={OWNER} operators={OPERATORS} />);
  expect(await screen.findByText((_, node) => node?.className === "muted" && node.textContent === words)).toBeTruthy();
});

it("takes the picture that was added for the source, not an address that is stored with it", async () => {
  const request = { CustomContent: "https://m/film.mp4", PicContent: "https://m/cover.jpg" };
  airflow({ operator: "AddImageOperator", rendered: { request }, xcoms: { return_value: { Success: true } } });
  render(<MediaTab owner={OWNER} operators={new Set(["AddImageOperator"])} />);
  await waitFor(() => expect(screen.getByAltText("Source").getAttribute("src")).toBe("https://m/cover.jpg"));
  expect(screen.queryByText(/film/)).toBeNull();
});

describe("a quality check", () => {
  const units = { duration: "s", black: "of the duration" };
  const values = { duration: 3.008, black: 1, video_codec: "h264" };
  const report = { passed: false, failures: ["black is 1; allowed: at most 0.2 (max_black)"], ...values, units, scores: { Sharpness: 0.4 } };
  const show = (xcoms: Record<string, unknown>) => {
    airflow({ operator: "MediaQualityCheckOperator", xcoms });
    render(<MediaTab owner={OWNER} operators={new Set(["MediaQualityCheckOperator"])} />);
  };

  it.each(["return_value", "report"])("shows missed thresholds and what was measured, from %s", async (key) => {
    show({ [key]: report });
    expect(await screen.findByText("does not meet all thresholds")).toBeTruthy();
    expect(screen.getByText("black is 1; allowed: at most 0.2 (max_black)")).toBeTruthy();
    const measured = ["duration", "black", "video_codec", "Sharpness"].map((name) => screen.getByText(name).nextSibling?.textContent);
    expect(measured).toEqual(["3.008 s", "1 of the duration", "h264", "0.4"]);
    expect(screen.queryByText("units")).toBeNull();
  });

  it("shows the videos that it compared", async () => {
    const rendered = { source: "https://m/out.mp4", before: "https://m/in.mp4", scores: "" };
    airflow({ operator: "MediaQualityCheckOperator", rendered, xcoms: { return_value: report } });
    render(<MediaTab owner={OWNER} operators={new Set(["MediaQualityCheckOperator"])} />);
    await waitFor(() => expect(screen.getByLabelText("After").getAttribute("src")).toBe("https://m/out.mp4"));
    expect(screen.getByLabelText("Before").getAttribute("src")).toBe("https://m/in.mp4");
  });

  it("is a step of its run, with the first threshold that was missed", async () => {
    airflow({ operator: "MediaQualityCheckOperator", state: "failed", rendered: { source: "https://m/a.mp4" }, xcoms: { report } });
    render(<StoryboardTab dagId="d" runId="r" operators={new Set(["MediaQualityCheckOperator"])} />);
    await screen.findByText("black is 1; allowed: at most 0.2 (max_black)");
    expect(await screen.findByLabelText("Checked video")).toBeTruthy();
  });

  it("says that a video meets its thresholds", async () => {
    show({ return_value: { passed: true, failures: [], duration: 3 } });
    expect(await screen.findByText("meets all thresholds")).toBeTruthy();
    expect(screen.queryByRole("list")).toBeNull();
  });
});

it("shows what a bulk job of ImageSearch rejected", async () => {
  const failures = [{ entity_id: "7", code: "NoObject", message: "nothing found" }];
  airflow({ operator: "BulkIndexImagesOperator", xcoms: { summary: { instance_name: "shop", images: 3, rejected: 1, failures } } });
  render(<MediaTab owner={OWNER} operators={new Set(["BulkIndexImagesOperator"])} />);
  expect(await screen.findByText("shop")).toBeTruthy();
  expect(screen.getByText("rejected").previousSibling?.textContent).toBe("1");
  expect(screen.getByText("nothing found")).toBeTruthy();
});

it("shows alarms as a step of a run", async () => {
  const alarms = ["smoke_and_fire", "vehicle", "vehicle", "vehicle"].map((kind) => ({ kind, at: "2026-01-01T00:00:00Z", image: "https://m/a.jpg" }));
  airflow({ operator: "ViasAlarmSensor", xcoms: { return_value: { alarms } } });
  render(<StoryboardTab dagId="d" runId="r" operators={new Set(["ViasAlarmSensor"])} />);
  expect(await screen.findByText("smoke and fire")).toBeTruthy();
  expect(await screen.findByAltText("Alarm 2: vehicle")).toBeTruthy();
  expect(screen.getByText("1 more")).toBeTruthy();
});

it("shows the media steps of a run", async () => {
  airflow({ xcoms: { viapi_view: VIEW, return_value: { VideoUrl: "https://m/out.mp4" } } });
  render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
  expect(await screen.findByText("1 media step")).toBeTruthy();
  expect(screen.getByText("Erase video subtitles")).toBeTruthy();
});

describe("a run", () => {
  it("shows a task of an operator that a team derived from one of the provider", async () => {
    airflow({ operator: "EraseLowerThird", xcoms: { viapi_view: VIEW, return_value: { VideoUrl: "https://m/out.mp4" } } });
    render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
    expect(await screen.findByText("1 media step")).toBeTruthy();
  });

  it("shows nothing of other tasks", async () => {
    airflow({ operator: "BashOperator" });
    render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
    expect(await screen.findByText("No media in this run")).toBeTruthy();
  });
});

it("reads lists to their end where Airflow's pages are shorter than asked for", async () => {
  const names = Array.from({ length: 120 }, (_, n) => `t${n}`);
  vi.stubGlobal("fetch", (path: string) => {
    const offset = Number(/offset=(\d+)/.exec(path)?.[1]);
    const task_instances = names.slice(offset, offset + 50).map((task_id) => ({ task_id, map_index: -1 }));
    return Promise.resolve(new Response(JSON.stringify({ task_instances, total_entries: names.length })));
  });
  expect((await taskInstances("d", "r")).found.map((each) => each.task_id)).toEqual(names);
});

describe("a task that publishes no view", () => {
  it.each([
    ["queued", "The task is queued"],
    ["running", "The task is running"],
    ["up_for_reschedule", "The task is up for reschedule"],
  ])("says its state while there is nothing to show: %s", async (state, words) => {
    airflow({ state });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await screen.findByText(words);
    expect(screen.queryByLabelText("Timeline")).toBeNull();
  });

  it("shows the file that it has landed, by a link that is asked for again once it has expired", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    let links = 0;
    const landed = { ImageURL: "s3://aws@media/out.jpg" };
    airflow({
      operator: "EraseVideoSubtitlesOperator",
      xcoms: { return_value: { ImageURL: "https://m/gone.jpg?Expires=1", landed } },
      link: () => ({ url: `https://bucket/out.jpg?n=${(links += 1)}`, expires_in: 600 }),
    });
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    await waitFor(() => expect(screen.getByAltText("Result").getAttribute("src")).toBe("https://bucket/out.jpg?n=1"));
    expect(screen.getByText("Copy address").parentElement?.title).toBe("s3://aws@media/out.jpg");

    await vi.advanceTimersByTimeAsync(601_000);
    fireEvent.click(await screen.findByText("New link"));
    await waitFor(() => expect(screen.getByAltText("Result").getAttribute("src")).toBe("https://bucket/out.jpg?n=2"));
    expect(screen.queryByText("New link")).toBeNull();
    vi.useRealTimers();
  });

  it("is a step of its run if it only lands files", async () => {
    airflow({
      xcoms: { return_value: { ImageURL: "s3://aws@media/out.jpg" } },
      link: () => ({ url: "https://bucket/out.jpg", expires_in: 600 }),
    });
    render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
    expect((await screen.findByAltText("After")).getAttribute("src")).toBe("https://bucket/out.jpg");
  });
});

it("copies the whole address of a source that holds no signature", async () => {
  const source = (address: string) => ({ viapi_view: { ...VIEW, sources: [{ parameter: "VideoUrl", address }] } });
  airflow({ xcoms: source("https://m/in.mp4?version=5") });
  render(<MediaTab owner={OWNER} operators={OPERATORS} />);
  const copied = async () => (await screen.findAllByText("Copy address")).map((each) => each.parentElement?.title);
  expect(await copied()).toContain("https://m/in.mp4?version=5");

  cleanup();
  airflow({ xcoms: source("https://m/in.mp4?Signature=***") });
  render(<MediaTab owner={OWNER} operators={OPERATORS} />);
  expect(await copied()).toContain("https://m/in.mp4");
});

it("shows dates beside the times of steps that are on different days", async () => {
  window.localStorage.setItem("timezone", '"UTC"');
  const timeline = { submitted: "2026-01-01T23:59:00Z", noticed: "2026-01-02T00:01:00Z" };
  airflow({ xcoms: { viapi_view: { ...VIEW, timeline } } });
  render(<MediaTab owner={OWNER} operators={OPERATORS} />);
  expect(await screen.findByText("2026-01-01 23:59:00")).toBeTruthy();
  expect(screen.getByText("2026-01-02 00:01:00")).toBeTruthy();
});

it("shows the host id of an error, which the vendor's support asks for", async () => {
  const error = { class: "TransientError", code: "Other", message: "busy", request_id: "R", host_id: "h.aliyuncs.com" };
  airflow({ state: "failed", xcoms: { viapi_view: { ...VIEW, files: [], error } } });
  render(<MediaTab owner={OWNER} operators={OPERATORS} />);
  expect(await screen.findByText("h.aliyuncs.com")).toBeTruthy();
});

describe("an item of a batch", () => {
  const items = (file: string) => ({ items_0: { action: "a.B", count: 1, rows: [{ index: 0, name: "in.mp4", file }] } });
  const choose = async () => {
    render(<MediaTab owner={OWNER} operators={OPERATORS} />);
    fireEvent.click(await screen.findByText("in.mp4"));
  };

  it("is shown beside its source in storage, and nothing else is requested for a landed file", async () => {
    const calls = airflow({
      xcoms: { ...items("s3://aws@media/out.mp4"), return_value: [{ index: 0 }] },
      rendered: { items: [{ title: "one", video_url: "s3://aws@raw/in.mp4" }] },
      link: () => ({ url: "https://bucket/film.mp4", expires_in: 600 }),
    });
    await choose();
    await waitFor(() => expect(screen.getByLabelText("Before").getAttribute("src")).toBe("https://bucket/film.mp4"));
    expect(calls.filter((path) => path.startsWith("files/")).map((path) => new URLSearchParams(path.split("?")[1]).get("address")).sort()).toEqual([
      "s3://aws@media/out.mp4",
      "s3://aws@raw/in.mp4",
    ]);
    expect(calls.filter((path) => path.includes("return_value"))).toEqual([]);
  });

  it("gets its link from the result, which is requested once", async () => {
    const link = "https://m/out.mp4?Signature=s";
    const calls = airflow({ xcoms: { ...items("https://m/out.mp4?Signature=***"), return_value: [{ index: 0, result: { VideoUrl: link } }] } });
    await choose();
    await waitFor(() => expect(screen.getByLabelText("Result").getAttribute("src")).toBe(link));
    expect(calls.filter((path) => path.includes("return_value"))).toHaveLength(1);
  });
});

describe("a step without a file in its result", () => {
  const shown = async (operator: string, xcoms: Record<string, unknown>) => {
    airflow({ operator, rendered: { request: { ImageURL: "https://m/a.jpg" } }, xcoms });
    render(<StoryboardTab dagId="d" runId="r" operators={new Set([operator])} />);
    await screen.findByAltText("Before");
  };

  it("shows what was found", async () => {
    await shown("AssessSharpnessOperator", { return_value: { Sharpness: 0.93 } });
    expect(screen.getByText("Sharpness").nextSibling?.textContent).toBe("0.93");
    expect(screen.queryByLabelText("Stored in the image database")).toBeNull();
  });

  it("shows how much was found, if that is not one value", async () => {
    await shown("DetectVideoShotOperator", { viapi_view: { ...VIEW, sources: [], files: [] }, return_value: { ShotFrameIds: [0, 25, 50] } });
    expect(screen.getByText("ShotFrameIds: 3")).toBeTruthy();
  });

  it("was submitted if it does not wait", async () => {
    await shown("EraseVideoSubtitlesOperator", { viapi_view: { ...VIEW, sources: [], files: [] }, return_value: "job-1" });
    expect(screen.getByText("submitted")).toBeTruthy();
  });

  it("has stored a picture that it added", async () => {
    await shown("AddImageOperator", { return_value: {} });
    expect(screen.getByLabelText("Stored in the image database")).toBeTruthy();
  });
});

it("says that only some tasks of a very large run are searched, and that usage is of those shown", async () => {
  const usage = { jobs: 1, measured: 1, output_seconds: 12, cost: 2, currency: "CNY" };
  airflow({ total: 1500, xcoms: { viapi_view: { ...VIEW, usage } } });
  render(<StoryboardTab dagId="d" runId="r" operators={OPERATORS} />);
  expect(await screen.findByText(/^Only 1 of the 1,500 task instances/)).toBeTruthy();
  expect(screen.getByText("of the steps shown")).toBeTruthy();
});
