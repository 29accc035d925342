/** Airflow's colours and fonts: the frame has the same origin, so they can be read from the page around it. */

function outer(): Document | null {
  try {
    return window.parent !== window ? window.parent.document : null;
  } catch {
    return null;
  }
}

function isDark(around: Document | null): boolean {
  const root = around?.documentElement;
  if (root) {
    const marks = `${root.className} ${root.dataset.theme ?? ""} ${root.style.colorScheme}`;
    if (/\bdark\b/.test(marks)) return true;
    if (/\blight\b/.test(marks)) return false;
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A colour in whatever notation as `rgb(…)`; null for one that lets something shine through. */
function opaque(color: string): string | null {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return null;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? `rgb(${red}, ${green}, ${blue})` : null;
}

export function followTheme(): void {
  const around = outer();
  const apply = () => {
    const root = document.documentElement;
    root.dataset.theme = isDark(around) ? "dark" : "light";
    if (!around) return;
    const style = window.parent.getComputedStyle(around.body);
    root.style.setProperty("--font", style.fontFamily);
    const behind = window.parent.getComputedStyle(around.documentElement);
    const background = opaque(style.backgroundColor) ?? opaque(behind.backgroundColor);
    if (background) root.style.setProperty("--bg", background);
  };
  apply();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  if (around) {
    new MutationObserver(() => window.setTimeout(apply, 50)).observe(around.documentElement, {
      attributes: true,
      attributeFilter: ["class", "data-theme", "style"],
    });
  }
}

/** The time zone that the user has chosen in Airflow, which keeps it in the browser; default: the browser's own. */
function timeZone(): string | undefined {
  try {
    const chosen: unknown = JSON.parse(window.localStorage.getItem("timezone") ?? "null");
    if (typeof chosen !== "string") return undefined;
    return new Intl.DateTimeFormat("en", { timeZone: chosen }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** A time as Airflow's pages show it: `2026-01-31 23:59:59` in the user's time zone, or its time of day only. */
export function showTime(at: number, part: "all" | "time" = "all"): string {
  // Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat("sv", {
    timeZone: timeZone(),
    dateStyle: part === "all" ? "short" : undefined,
    timeStyle: "medium",
  }).format(at);
}

/**
 * Open an address outside of the frame, which Airflow's sandbox forbids to links inside of it.
 *
 * @param target `_blank` for media and the service's pages, `_self` for another page of Airflow
 */
export function openOutside(url: string, target: "_blank" | "_self" = "_blank"): void {
  const around = outer() ?? document;
  const link = around.createElement("a");
  link.href = url;
  link.target = target;
  link.rel = "noopener noreferrer";
  around.body.append(link);
  link.click();
  link.remove();
}

/** Address of a task's page in Airflow's UI, relative to this page. */
export function taskPage(dagId: string, runId: string, taskId: string, mapIndex: number): string {
  const mapped = mapIndex >= 0 ? `/mapped/${mapIndex}` : "";
  const path = [dagId, "runs", runId, "tasks", taskId].map((part) => encodeURIComponent(part)).join("/");
  return new URL(`../dags/${path}${mapped}/plugin/viapi_task_instance`, window.location.href).href;
}
