import type { Sent } from './sender.ts';

/** What became of the pushes of a scenario. */
export interface Account {
  readonly name: string;
  readonly sent: number;
  readonly byStatus: ReadonlyMap<number, number>;
  /** Warehouses that pushes affect which were answered 2xx. */
  readonly promised: number;
  /** Those of them that were refreshed since their push. */
  readonly refreshed: number;
  /** Messages that the queue has taken. */
  readonly queued: number;
  /** Messages that are left, in either queue. */
  readonly left: number;
  /** Time of the slowest answer. It depends on the machine, and is for people. */
  readonly slowestMs: number;
}

const COLUMNS = [
  'sent',
  '200',
  '202',
  'other',
  'queued',
  'promised',
  'refreshed',
  'lost',
  'slowest',
] as const;

/** Counts what became of the pushes. A push that was answered 2xx is lost where a Warehouse was not refreshed since it was sent. */
export function accountFor(
  name: string,
  sent: readonly Sent[],
  refreshedAt: ReadonlyMap<string, Date>,
  { queued, left }: Pick<Account, 'queued' | 'left'>,
): Account {
  const accepted = sent.filter(({ status }) => status >= 200 && status < 300);
  const isRefreshed = (warehouse: string, since: Date): boolean =>
    (refreshedAt.get(warehouse)?.getTime() ?? 0) >= since.getTime();
  const byStatus = new Map<number, number>();
  for (const { status } of sent) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  return {
    name,
    sent: sent.length,
    byStatus,
    promised: accepted.reduce((sum, { affects }) => sum + affects.length, 0),
    refreshed: accepted.reduce(
      (sum, { affects, sentAt }) => sum + affects.filter((one) => isRefreshed(one, sentAt)).length,
      0,
    ),
    queued,
    left,
    slowestMs: Math.max(...sent.map(({ answerMs }) => answerMs)),
  };
}

/** Returns why the account is not as it must be, or undefined. */
export function findFault(account: Account, mayReject: boolean): string | undefined {
  const { promised, refreshed, left, sent, byStatus } = account;
  const others = sent - (byStatus.get(200) ?? 0) - (byStatus.get(202) ?? 0);
  const rejected = byStatus.get(503) ?? 0;
  if (refreshed < promised) return `${promised - refreshed} lost`;
  if (left > 0) return `${left} message(s) left in the queues`;
  if (others !== rejected) return `answers other than 200, 202 and 503: ${describe(byStatus)}`;
  if (mayReject !== rejected > 0) return `${rejected} answered 503`;
  return undefined;
}

export function headLine(): string {
  return line('', COLUMNS);
}

export function accountLine(account: Account): string {
  const { name, sent, byStatus, queued, promised, refreshed, slowestMs } = account;
  const [done, kept] = [byStatus.get(200) ?? 0, byStatus.get(202) ?? 0];
  const figures = [sent, done, kept, sent - done - kept, queued, promised, refreshed, promised - refreshed];
  return line(name, [...figures.map(String), `${(slowestMs / 1_000).toFixed(1)} s`]);
}

function describe(byStatus: ReadonlyMap<number, number>): string {
  return Array.from(byStatus, ([status, count]) => `${count} x ${status}`).join(', ');
}

function line(name: string, figures: readonly string[]): string {
  return name.padEnd(40) + figures.map((figure) => figure.padStart(10)).join('');
}
