import { type Json, isObject, list, number, text, time } from "./model";
import { showTime } from "./theme";

/** What an account has used of one resource, or may use. */
export interface ResourceUse {
  /** Kind of service, and resource; the names are MetaStudio's. */
  resource: string;
  user: string | null;
  unit: string;
  used: number | null;
  /** What the account has bought, or the user's quota; -1 in a quota means no limit, and is null here. */
  limit: number | null;
  jobs: number | null;
}

export interface AccountUsage {
  /** Sums by resource. */
  totals: ResourceUse[];
  /** Sums by time and resource, of a query over a time range. */
  times: { time: number | null; uses: ResourceUse[] }[];
}

const UNITS: Record<string, string> = { MIN: "min", HOUR: "h", NUM: "", SEC: "s" };

const resourceOf = (row: Json): string =>
  [text(row.business_type), text(row.resource_type)].filter(Boolean).join(" · ") || text(row.resource_id) || "all";

function readUse(row: Json): ResourceUse | null {
  const bought = number(row.resource_nums);
  const left = number(row.resource_available_nums);
  const used = number(row.usage) ?? (bought !== null && left !== null ? bought - left : null);
  const jobs = number(row.number) ?? number(row.count);
  if (used === null && jobs === null) return null;
  const unit = text(row.unit);
  return {
    resource: resourceOf(row),
    user: null,
    unit: unit === null ? "" : (UNITS[unit] ?? unit.toLowerCase()),
    used,
    limit: number(row.amount) ?? bought,
    jobs,
  };
}

const readUses = (rows: unknown): ResourceUse[] =>
  list(rows)
    .filter(isObject)
    .flatMap((row) => readUse(row) ?? []);

const sum = (one: number | null, other: number | null) => (one === null ? other : other === null ? one : one + other);

/** Sums of what has the same resource, user and unit. */
export function totalUses(uses: ResourceUse[]): ResourceUse[] {
  const totals = new Map<string, ResourceUse>();
  for (const use of uses) {
    const key = JSON.stringify([use.resource, use.user, use.unit]);
    const before = totals.get(key);
    totals.set(
      key,
      before
        ? {
            ...before,
            used: sum(before.used, use.used),
            limit: sum(before.limit, use.limit),
            jobs: sum(before.jobs, use.jobs),
          }
        : use,
    );
  }
  return [...totals.values()];
}

function readQuotas(users: unknown): ResourceUse[] {
  return list(users)
    .filter(isObject)
    .flatMap((user) =>
      Object.entries(isObject(user.quota) ? user.quota : {}).flatMap(([resource, value]): ResourceUse[] => {
        const limit = number(value);
        if (limit === null) return [];
        return [{ resource, user: text(user.user_id), unit: "", used: null, limit: limit < 0 ? null : limit, jobs: null }];
      }),
    );
}

/** What one of MetaStudio's queries of usage, resources or quotas has returned; null for any other result. */
export function readAccountUsage(result: Json): AccountUsage | null {
  const times = list(result.time_list)
    .filter(isObject)
    .map((each) => ({ time: time(each.time), uses: totalUses(readUses(each.resources_usage)) }));
  const single = number(result.usage) !== null && text(result.unit) !== null ? [result] : [];
  const uses = [
    ...times.flatMap((each) => each.uses),
    ...readUses(single),
    ...readUses(result.resources),
    ...readUses(result.resources_count),
    ...readQuotas(result.assets),
  ];
  const totals = totalUses(uses);
  return totals.length || Array.isArray(result.time_list) ? { totals, times } : null;
}

const amount = (value: number, unit: string): string =>
  `${value.toLocaleString(undefined, { maximumFractionDigits: 2 })}${unit && ` ${unit}`}`;

/** `12.5 of 600 min`, and a bar where there is a limit. */
export function UseAmount({ use }: { use: ResourceUse }) {
  const { used, limit, unit, jobs } = use;
  if (used === null)
    return <span>{jobs !== null ? `${jobs.toLocaleString()} resources` : limit === null ? "no limit" : `quota ${amount(limit, unit)}`}</span>;
  return (
    <span className="used">
      <span>
        <strong>{amount(used, limit === null ? unit : "")}</strong>
        {limit !== null && ` of ${amount(limit, unit)}`}
        {jobs !== null && <span className="muted"> in {jobs === 1 ? "1 job" : `${jobs.toLocaleString()} jobs`}</span>}
      </span>
      {limit !== null && <meter min={0} max={limit || 1} value={used} aria-label={`Used of ${use.resource}`} />}
    </span>
  );
}

export function AccountUsageTable({ usage }: { usage: AccountUsage }) {
  const withUsers = usage.totals.some((use) => use.user !== null);
  return (
    <section aria-label="Usage of the account">
      <h2>Usage of the account</h2>
      {!usage.totals.length && <p className="muted">Nothing was used in this time.</p>}
      {usage.totals.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                {withUsers && <th>User</th>}
                <th>Resource</th>
                <th>Total</th>
              </tr>
            </thead>
            <tbody>
              {usage.totals.slice(0, 200).map((use) => (
                <tr key={`${use.user}${use.resource}${use.unit}`}>
                  {withUsers && <td>{use.user}</td>}
                  <td>{use.resource}</td>
                  <td>
                    <UseAmount use={use} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {usage.times.length > 1 && (
        <details>
          <summary>By time</summary>
          <div className="scroll">
            <table>
              <thead>
                <tr>
                  <th>Time</th>
                  <th>Resource</th>
                  <th>Used</th>
                </tr>
              </thead>
              <tbody>
                {usage.times.slice(0, 400).flatMap(({ time, uses }) =>
                  uses.map((use) => (
                    <tr key={`${time}${use.resource}`}>
                      <td className="line">{time !== null && showTime(time)}</td>
                      <td>{use.resource}</td>
                      <td>
                        <UseAmount use={use} />
                      </td>
                    </tr>
                  )),
                )}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}
