import { useCallback, useEffect, useState } from "react";

import { type TaskKey, RequestFailed, fileLink } from "./airflow";
import { useNow } from "./hooks";
import { isRedacted, isStorageAddress, isWebAddress, linkExpiry } from "./model";
import { openable } from "./useTask";

export interface ShownFile {
  /** What a user copies: where the file has landed, its address at the service without a signature, or a source. */
  address: string;
  /** What the browser opens; null while it is looked for, and if there is nothing. */
  url: string | null;
  expiresAt: number | null;
  isExpired: boolean;
  isLoading: boolean;
  /** Why there is no link. */
  reason: string | null;
  /** Asks for another link to a file in object storage; null where the service's link is the only one. */
  renew: (() => void) | null;
}

interface Found {
  url: string | null;
  expiresAt: number | null;
  reason: string | null;
}

/**
 * A file as the browser can open it: landed files first, through a short-lived link, then the service's own link.
 *
 * @param address of a source, or of a result without its signature
 * @param landed where the file was landed
 * @param link of a result, which expires
 */
export function useFile(key: TaskKey, address: string | null, landed: string | null, link: string | null): ShownFile {
  const [found, setFound] = useState<Found | null>(null);
  const [round, setRound] = useState(0);
  const stored = landed ?? (address && isStorageAddress(address) ? address : null);
  useEffect(() => {
    let isCurrent = true;
    const find = async (): Promise<Found> => {
      let reason: string | null = null;
      if (stored && isStorageAddress(stored)) {
        try {
          const { url, expires_in } = await fileLink(key, stored);
          if (isWebAddress(url)) return { url, expiresAt: Date.now() + expires_in * 1000, reason: null };
        } catch (error) {
          reason = error instanceof RequestFailed ? error.message : "Airflow did not respond";
        }
      } else if (stored) {
        reason = "the file is on a disk that the browser cannot read";
      }
      if (isWebAddress(link)) return { url: link, expiresAt: linkExpiry(link), reason: null };
      const url = address ? await openable(key, address).catch(() => null) : null;
      if (url) return { url, expiresAt: linkExpiry(url), reason: null };
      return { url: null, expiresAt: null, reason: reason ?? "its link is signed, or has expired" };
    };
    void find().then((each) => isCurrent && setFound(each));
    return () => {
      isCurrent = false;
    };
  }, [key.dagId, key.runId, key.taskId, key.mapIndex, address, stored, link, round]);
  const expiresAt = found?.expiresAt ?? null;
  const now = useNow(expiresAt !== null);
  const renew = useCallback(() => setRound((n) => n + 1), []);
  const isWhole = address !== null && link === null && !isRedacted(address);
  return {
    address: stored ?? (isWhole ? address : (address ?? link ?? "").replace(/[?#].*$/, "")),
    url: found?.url ?? null,
    expiresAt,
    isExpired: expiresAt !== null && expiresAt <= now,
    isLoading: found === null,
    reason: found?.reason ?? null,
    renew: stored && isStorageAddress(stored) ? renew : null,
  };
}
