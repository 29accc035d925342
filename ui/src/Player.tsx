import { type ReactNode, useRef, useState } from "react";

import { useNow } from "./hooks";
import { type Kind, duration, shortName } from "./model";
import { openOutside } from "./theme";
import type { ShownFile } from "./useFile";

export function OpenButton({ url, children }: { url: string; children: ReactNode }) {
  return (
    <button type="button" className="link" onClick={() => openOutside(url)}>
      {children}
    </button>
  );
}

export function CopyButton({ value, label = "Copy address" }: { value: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    const copied = () => {
      setDone(true);
      window.setTimeout(() => setDone(false), 1500);
    };
    // Without HTTPS a browser has no clipboard interface; the old command works everywhere.
    if (navigator.clipboard) void navigator.clipboard.writeText(value).then(copied, () => undefined);
    else {
      const area = document.createElement("textarea");
      area.value = value;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      copied();
    }
  };
  return (
    <button type="button" className="link" onClick={copy} title={value}>
      <span aria-live="polite">{done ? "Copied" : label}</span>
    </button>
  );
}

/** Time until a link expires, then "expired". */
export function Countdown({ expiresAt }: { expiresAt: number }) {
  const now = useNow();
  const left = expiresAt - now;
  if (left <= 0) return <span className="tag warn">link expired</span>;
  return <span className={left < 300_000 ? "tag warn" : "tag"}>link works for {duration(left)}</span>;
}

/** Asks for another link to a file whose link has expired, if there may be one. */
function RenewButton({ file }: { file: ShownFile }) {
  if (!file.isExpired || !file.renew) return null;
  return (
    <button type="button" className="link" onClick={file.renew}>
      New link
    </button>
  );
}

/**
 * What is known of a file below its picture: name, address, link.
 *
 * @param label which of two files it is
 */
export function FileFacts({ file, label }: { file: ShownFile; label?: string }) {
  return (
    <p className="facts">
      {label && <span className="muted">{label}</span>}
      <code title={file.address} dir="auto">
        {shortName(file.address)}
      </code>
      {file.expiresAt !== null && <Countdown expiresAt={file.expiresAt} />}
      {file.url && !file.isExpired && <OpenButton url={file.url}>Open</OpenButton>}
      <RenewButton file={file} />
      <CopyButton value={file.address} />
      {!file.url && !file.isLoading && file.reason && <span className="muted">No preview: {file.reason}.</span>}
    </p>
  );
}

/** A media element, or why there is none. */
export function Player({
  file,
  kind,
  label,
  element,
  controls = false,
  onReady,
}: {
  file: ShownFile;
  kind: Kind;
  label: string;
  element?: (node: HTMLVideoElement | HTMLImageElement | null) => void;
  controls?: boolean;
  onReady?: () => void;
}) {
  /** The address that could not be shown: a later attempt of the task has another one. */
  const [broken, setBroken] = useState<string | null>(null);
  const wasOpen = useRef(false);
  if (file.isLoading) return <div className="blank" role="img" aria-label={`${label}: loading`} />;
  // What plays already goes on when its link expires.
  const url = file.url && (!file.isExpired || wasOpen.current) ? file.url : null;
  const failed = broken !== null && broken === url;
  if (!url || failed || kind === "file") {
    const why = failed
      ? "The file cannot be loaded, or this browser cannot show it"
      : kind === "file" && url
        ? "No preview of this kind of file"
        : file.isExpired
          ? "The link has expired"
          : "No preview";
    return (
      <div className="blank">
        <p>{why}</p>
        {url && <OpenButton url={url}>Download {shortName(file.address)}</OpenButton>}
        {!url && <RenewButton file={file} />}
        {!url && <CopyButton value={file.address} />}
      </div>
    );
  }
  wasOpen.current = true;
  if (kind === "image")
    return (
      <img
        ref={element}
        src={url}
        alt={label}
        draggable={false}
        referrerPolicy="no-referrer"
        onLoad={onReady}
        onError={() => setBroken(url)}
      />
    );
  if (kind === "audio") return <audio src={url} controls preload="metadata" aria-label={label} onError={() => setBroken(url)} />;
  return (
    <video
      ref={element}
      src={url}
      controls={controls}
      muted={!controls}
      playsInline
      preload="auto"
      aria-label={label}
      // Of a video in an unknown codec the sound alone is played, and no error is reported.
      onLoadedMetadata={(event) => event.currentTarget.videoWidth === 0 && setBroken(url)}
      onLoadedData={onReady}
      onError={() => setBroken(url)}
    />
  );
}
