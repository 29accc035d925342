import { useCallback, useEffect, useRef, useState } from "react";

import { RequestFailed } from "./airflow";

export interface Loaded<T> {
  data: T | null;
  error: RequestFailed | Error | null;
}

/** Pauses grow up to this many times the first one. */
const SLOWEST = 5;

/**
 * Load data again and again: gently, slower while nothing changes, and not in a hidden tab.
 *
 * @param load returns the data; the previous ones are passed so that only what changed has to be requested
 * @param active whether changes are expected soon
 */
export function usePolled<T>(
  load: (previous: T | null, signal: AbortSignal) => Promise<T>,
  active: (data: T) => boolean,
  seconds = 3,
): Loaded<T> & { reload: () => void } {
  const [state, setState] = useState<Loaded<T>>({ data: null, error: null });
  const [round, setRound] = useState(0);
  const previous = useRef<T | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    let timer = 0;
    let pause = seconds;
    const run = async () => {
      if (document.hidden) {
        timer = window.setTimeout(() => void run(), 1000);
        return;
      }
      try {
        const data = await load(previous.current, controller.signal);
        if (controller.signal.aborted) return;
        // What has ended may be cleared, and begin once more.
        const first = active(data) ? seconds : SLOWEST * seconds;
        pause = data === previous.current ? Math.min(Math.max(pause * 1.25, first), SLOWEST * first) : first;
        previous.current = data;
        setState({ data, error: null });
        timer = window.setTimeout(() => void run(), pause * 1000);
      } catch (error) {
        if (controller.signal.aborted) return;
        setState({ data: previous.current, error: error as Error });
        // The session may be renewed, the server restarted: a later attempt may succeed; a missing right stays.
        const status = error instanceof RequestFailed ? error.status : 0;
        if (![401, 403, 404].includes(status)) timer = window.setTimeout(() => void run(), SLOWEST * seconds * 1000);
      }
    };
    void run();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
    // The functions are new with each rendering; what they depend on is in the key of the component.
  }, [round]);
  return { ...state, reload: useCallback(() => setRound((n) => n + 1), []) };
}

/** The current time, renewed every second while `active`. */
export function useNow(active = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [active]);
  return now;
}

/** Whether an element has been in view, so that media load only then. */
export function useSeen<E extends Element>(): [React.RefObject<E | null>, boolean] {
  const ref = useRef<E | null>(null);
  const [seen, setSeen] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (seen || !ref.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [seen]);
  return [ref, seen];
}
