import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";

import { FileFacts, Player } from "./Player";
import type { Kind } from "./model";
import type { ShownFile } from "./useFile";

type Mode = "side" | "wipe";

const DRIFT = 0.08;

const clock = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}.${Math.floor((seconds % 1) * 10)}`;

/** Before and after of one kind: side by side or under a wipe, videos in step, pictures with zoom. */
export function Compare({ before, after, kind }: { before: ShownFile; after: ShownFile; kind: "video" | "image" }) {
  const [mode, setMode] = useState<Mode>("side");
  const [wipe, setWipe] = useState(50);
  const [zoom, setZoom] = useState(1);
  const [pan, setPan] = useState({ x: 50, y: 50 });
  const videos = useRef<[HTMLVideoElement | null, HTMLVideoElement | null]>([null, null]);
  const stage = useRef<HTMLDivElement>(null);
  const both = Boolean(before.url && after.url && !before.isExpired && !after.isExpired);
  const shown: Mode = both ? mode : "side";
  const set = (side: 0 | 1) => (node: HTMLVideoElement | HTMLImageElement | null) => {
    videos.current[side] = node instanceof HTMLVideoElement ? node : null;
  };

  const move = (event: PointerEvent) => {
    if (!(event.buttons & 1) || !stage.current) return;
    const target = shown === "wipe" ? stage.current : (event.currentTarget as HTMLElement);
    const box = target.getBoundingClientRect();
    const x = Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100));
    const y = Math.min(100, Math.max(0, ((event.clientY - box.top) / box.height) * 100));
    if (shown === "wipe" && zoom === 1) setWipe(x);
    else if (kind === "image") setPan({ x, y });
  };
  const keys = (event: KeyboardEvent) => {
    if (kind !== "image" || event.target !== event.currentTarget) return;
    const step = 8;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const by = moves[event.key];
    if (by) {
      event.preventDefault();
      setPan(({ x, y }) => ({
        x: Math.min(100, Math.max(0, x + by[0])),
        y: Math.min(100, Math.max(0, y + by[1])),
      }));
    }
    if (event.key === "+" || event.key === "=") setZoom((each) => Math.min(8, each * 1.25));
    if (event.key === "-") setZoom((each) => Math.max(1, each / 1.25));
  };
  const transform =
    kind === "image" ? { transform: `scale(${zoom})`, transformOrigin: `${pan.x}% ${pan.y}%` } : undefined;

  return (
    <section className="compare" aria-label="Before and after">
      <div className="bar">
        <div className="segments" role="group" aria-label="Arrangement">
          <button type="button" aria-pressed={shown === "side"} onClick={() => setMode("side")}>
            Side by side
          </button>
          <button type="button" aria-pressed={shown === "wipe"} disabled={!both} onClick={() => setMode("wipe")}>
            Wipe
          </button>
        </div>
        {kind === "image" && (
          <label className="inline">
            Zoom
            <input
              type="range"
              min={1}
              max={8}
              step={0.25}
              value={zoom}
              onChange={(event) => setZoom(Number(event.target.value))}
            />
            <output>{zoom.toFixed(zoom % 1 ? 2 : 0)}×</output>
          </label>
        )}
      </div>
      <div
        ref={stage}
        className={`stage ${shown}`}
        tabIndex={kind === "image" ? 0 : -1}
        role="group"
        aria-label={kind === "image" ? "Pictures; arrow keys move, plus and minus zoom" : "Videos"}
        onKeyDown={keys}
      >
        <figure onPointerMove={move} onPointerDown={move}>
          <div className="frame">
            <div className="inner" style={transform}>
              <Player file={before} kind={kind} label="Before" element={set(0)} />
            </div>
          </div>
          <figcaption>Before</figcaption>
        </figure>
        <figure
          onPointerMove={move}
          onPointerDown={move}
          style={shown === "wipe" ? { clipPath: `inset(0 0 0 ${wipe}%)` } : undefined}
        >
          <div className="frame">
            <div className="inner" style={transform}>
              <Player file={after} kind={kind} label="After" element={set(1)} />
            </div>
          </div>
          <figcaption>After</figcaption>
        </figure>
        {shown === "wipe" && (
          <>
            <div className="divider" style={{ left: `${wipe}%` }} aria-hidden="true" />
            <input
              className="wiper"
              type="range"
              min={0}
              max={100}
              step={0.5}
              value={wipe}
              aria-label="Wipe between before and after, in percent"
              onChange={(event) => setWipe(Number(event.target.value))}
            />
          </>
        )}
      </div>
      {kind === "video" && (after.url || before.url) && <Transport videos={videos.current} />}
      <div className="sides">
        <FileFacts file={before} label="Before" />
        <FileFacts file={after} label="After" />
      </div>
    </section>
  );
}

/** Whether the browser can seek: a server that ignores ranges lets a film be played from its start only. */
const canSeek = (video: HTMLVideoElement): boolean => {
  const ranges = video.seekable;
  return ranges.length > 0 && ranges.end(ranges.length - 1) > 0;
};

/** One set of controls for two videos: the second leads, the first follows, unless only the second can seek. */
function Transport({ videos }: { videos: [HTMLVideoElement | null, HTMLVideoElement | null] }) {
  const [playing, setPlaying] = useState(false);
  const [muted, setMuted] = useState(true);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const [rate, setRate] = useState(1);
  const [fixed, setFixed] = useState(false);

  useEffect(() => {
    let frame = 0;
    const follow = () => {
      const [before, after] = videos;
      const loaded = [before, after].filter((video) => video !== null && video.readyState >= 1) as HTMLVideoElement[];
      const leader = before && after && loaded.includes(before) && !canSeek(before) ? before : (after ?? before);
      const follows = leader === before ? after : before;
      if (leader) {
        setAt(leader.currentTime);
        setLength(Math.max(after?.duration || 0, before?.duration || 0));
        setFixed(!loaded.every(canSeek));
        if (follows && !leader.paused) {
          const wanted = Math.min(leader.currentTime, follows.duration || 0);
          if (canSeek(follows) && Math.abs(follows.currentTime - wanted) > DRIFT) follows.currentTime = wanted;
          if (follows.paused && wanted < follows.duration) void follows.play().catch(() => undefined);
        }
        setPlaying(!leader.paused && !leader.ended);
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [videos]);

  const each = (act: (video: HTMLVideoElement) => void) => videos.forEach((video) => video && act(video));
  const toggle = () => {
    const leader = videos[1] ?? videos[0];
    if (leader && (leader.paused || leader.ended)) {
      if (leader.ended) each((video) => (video.currentTime = 0));
      each((video) => void video.play().catch(() => undefined));
    } else each((video) => video.pause());
  };
  const jump = (seconds: number) => {
    each((video) => (video.currentTime = Math.min(seconds, video.duration || seconds)));
    setAt(seconds);
  };
  return (
    <div className="transport">
      <button type="button" className="play" onClick={toggle} aria-label={playing ? "Pause both" : "Play both"}>
        {playing ? "❚❚" : "▶"}
      </button>
      <input
        type="range"
        min={0}
        max={length || 1}
        step={0.04}
        value={Math.min(at, length || 1)}
        disabled={fixed}
        aria-label="Position"
        aria-valuetext={`${clock(at)} of ${clock(length)}`}
        onChange={(event) => jump(Number(event.target.value))}
      />
      <span className="time">
        {clock(at)} / {clock(length)}
      </span>
      {fixed && <span className="tag warn">The server of a file does not support seeking</span>}
      <button
        type="button"
        onClick={() => {
          // The sound of the result alone: both together would echo.
          const leader = videos[1] ?? videos[0];
          if (leader) leader.muted = !muted;
          setMuted(!muted);
        }}
        aria-pressed={!muted}
      >
        {muted ? "Sound off" : "Sound on"}
      </button>
      <label className="inline">
        Speed
        <select
          value={rate}
          onChange={(event) => {
            const wanted = Number(event.target.value);
            setRate(wanted);
            each((video) => (video.playbackRate = wanted));
          }}
        >
          {[0.25, 0.5, 1, 2].map((value) => (
            <option key={value} value={value}>
              {value}×
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

export const isComparable = (kind: Kind): kind is "video" | "image" => kind === "video" || kind === "image";
