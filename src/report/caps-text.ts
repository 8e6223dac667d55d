// The caps documents as text for terminals: overview with chart, history of one cid, state at one time.
import type {
  CapsDeedEntry,
  CapsDocument,
  CapsScheduler,
  CapsStateCpu,
  CapsStateDocument,
} from '../findings/caps-document.ts';
import type { ExactNumber } from '../findings/result.ts';
import { clockOf, listed, renderChart, title } from './caps-chart.ts';
import type { Style } from './style.ts';

export interface CapsTextOptions {
  readonly style: Style;
  readonly width: number;
  /** Entries of a list that are shown. */
  readonly limit: number;
}

export function renderCapsOverview(document: CapsDocument, options: CapsTextOptions): string {
  const { style } = options;
  const { fidelity, layout } = document;
  const cids = layout.cids === null ? 'cids not known' : `${layout.cids} cids (layout ${layout.source})`;
  const parts = [
    `${style.strong(document.trace.path)}: ${cids}, ${fidelity.explained} of ${fidelity.observed} predictions about capabilities came true\n`,
    ...document.schedulers.map((sched) => `${lifeLine(sched, document)}\n`),
    '\n',
    renderChart(document, style, options.width),
    renderCounts(document),
    renderRejections(document, options),
    renderFindings(document, options),
  ];
  return parts.join('');
}

function lifeLine(sched: CapsScheduler, document: CapsDocument): string {
  const clock = clockOf(document);
  const since = sched.linked === null ? 'there from the beginning' : `from ${clock(sched.linked)}`;
  const until =
    sched.unlinked !== null
      ? `to ${clock(sched.unlinked)}`
      : sched.exited !== null
        ? `exit claimed ${clock(sched.exited)}`
        : 'to the end';
  return `${'  '.repeat(sched.level + 1)}${title(sched)}  ${since} ${until}${sched.exit === null ? '' : ` (${sched.exit})`}`;
}

const COLUMNS: readonly { readonly head: string; readonly kinds: readonly string[] }[] = [
  { head: 'rejected', kinds: ['rejected'] },
  { head: 'returned', kinds: ['returned'] },
  { head: 'rescued', kinds: ['parked', 'rescued'] },
  { head: 'evicted', kinds: ['evicted'] },
  { head: 'unqueued', kinds: ['purged'] },
  { head: 'forced in', kinds: ['forced'] },
  { head: 'kicks denied', kinds: ['kick-denied', 'preempt-denied'] },
];

/** A line a sub-scheduler: calls that named it, and what the core did to its tasks and kicks. */
function renderCounts(document: CapsDocument): string {
  const subs = document.schedulers.filter(({ level }) => level > 0);
  if (subs.length === 0) return '';
  const rows = [
    ['', 'grants', 'revokes', ...COLUMNS.map(({ head }) => head)],
    ...subs.map((sched) => [
      title(sched),
      `${document.calls.filter((call) => call.kind === 'grant' && call.target === sched.id).length}`,
      `${document.calls.filter((call) => call.kind === 'revoke' && call.target === sched.id).length}`,
      ...COLUMNS.map(
        ({ kinds }) =>
          `${document.deeds.filter((deed) => deed.sched === sched.id && kinds.includes(deed.kind)).length}`,
      ),
    ]),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `\n${lines.join('\n')}\n`;
}

/** Rejections by scheduler, cid and what was missing. */
function renderRejections(document: CapsDocument, { limit }: CapsTextOptions): string {
  const clock = clockOf(document);
  const groups = new Map<string, { first: CapsDeedEntry; count: number }>();
  for (const deed of document.deeds) {
    if (deed.kind !== 'rejected' && deed.kind !== 'parked' && deed.kind !== 'rescued') continue;
    const what = deed.kind === 'rejected' ? 'rejected' : 'rescued';
    const key = `${deed.sched}/${deed.cid ?? deed.cpu}/${deed.missing}/${what}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: deed, count: 1 });
    else group.count++;
  }
  if (groups.size === 0) return '';
  const lines = [...groups.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(
      ({ first, count }) =>
        `  ${count}x  ${nameOf(document, first.sched)} on ${first.cid === null ? `CPU ${first.cpu}` : `cid ${first.cid}`}, ${first.missing ?? 'something'} missing: ${first.kind === 'rejected' ? 'rejected' : 'rescued'}, first ${clock(first.ts)} (${first.comm ?? '?'}[${first.pid ?? '?'}])`,
    );
  return `\ninsertions without the capability\n${cut(lines, limit)}\n`;
}

function renderFindings(document: CapsDocument, { style, limit }: CapsTextOptions): string {
  const clock = clockOf(document);
  if (document.findings.length === 0) return `\n${style.pass('no violation')}\n`;
  const lines = document.findings.map(
    (finding) =>
      `  ${clock(finding.ts)}  ${(finding.verdict === 'violation' ? style.violation : style.possible)(finding.rule)}: ${finding.message}`,
  );
  return `\nfindings\n${cut(lines, limit)}\n`;
}

function cut(lines: readonly string[], limit: number): string {
  const more = lines.length - limit;
  return [...lines.slice(0, limit), ...(more > 0 ? [`  and ${more} more (--limit shows them)`] : [])].join('\n');
}

function nameOf(document: CapsDocument, id: ExactNumber | null): string {
  const sched = document.schedulers.find((entry) => entry.id === id);
  return sched === undefined ? 'an unknown scheduler' : title(sched);
}

/** Everything that concerns one cid, in the order of time. */
export function renderCid(document: CapsDocument, cid: number, { style }: CapsTextOptions): string {
  const { layout } = document;
  const clock = clockOf(document);
  const cpu = layout.cpus[cid];
  const shard = layout.shards.findIndex((cids) => [...listed(cids)].includes(cid));
  const lines = [
    ...document.calls.map((call) => {
      const refused = call.denied !== null && [...listed(call.denied)].includes(cid) ? ', refused' : '';
      return {
        ts: call.ts,
        text: `${nameOf(document, call.caller)} ${call.kind}s ${call.caps} ${call.kind === 'grant' ? 'to' : 'from'} ${nameOf(document, call.target)}${refused}`,
      };
    }),
    ...document.changes.map((change) => ({
      ts: change.ts,
      text:
        change.effective === ''
          ? `${nameOf(document, change.sched)} is gone`
          : `${nameOf(document, change.sched)} was given ${change.literal}, in effect: ${change.effective}${change.pending === null ? '' : ' (a fold is due)'}`,
    })),
    ...document.deeds.map((deed) => ({
      ts: deed.ts,
      text: `${deed.pid === null ? 'a kick' : `${deed.comm ?? '?'}[${deed.pid}]`} of ${nameOf(document, deed.sched)}: ${deed.kind}${deed.missing === null ? '' : `, ${deed.missing} missing`}`,
    })),
    ...document.findings.map((finding) => ({
      ts: finding.ts,
      text: `${style.violation(finding.rule)}: ${finding.message}`,
    })),
  ].toSorted((a, b) => (BigInt(a.ts) < BigInt(b.ts) ? -1 : BigInt(a.ts) > BigInt(b.ts) ? 1 : 0));
  const where = `cid ${cid}${cpu === undefined ? '' : `, CPU ${cpu}`}${shard < 0 ? '' : `, shard ${shard}`}`;
  return `${style.strong(`history of ${where}`)}\n${lines.map(({ ts, text }) => `  ${clock(ts)}  ${text}\n`).join('')}`;
}

/** The state at one time, scheduler by scheduler and CPU by CPU. */
export function renderCapsState(state: CapsStateDocument, { style }: CapsTextOptions): string {
  const name = (id: ExactNumber | null): string => {
    const sched = state.schedulers.find((entry) => entry.id === id);
    return sched === undefined ? 'an unknown scheduler' : title(sched);
  };
  const schedulers = state.schedulers.map((sched) => {
    const bypass = sched.bypass === null ? 'bypass not known' : `bypass depth ${sched.bypass}`;
    const holdings = sched.holdings.map(
      ({ cids, literal, effective, reported }) =>
        `    cids ${cids}: given ${literal}, in effect ${effective}${reported === null ? '' : `, told ${reported}`}\n`,
    );
    const untold = (sched.untold ?? []).map(
      ({ shard, cids, caps }) => `    not told yet: shard ${shard}, cids ${cids}, ${caps}\n`,
    );
    return `  ${style.strong(title(sched))}  ${sched.state}, ${bypass}\n${sched.level === 0 ? '' : holdings.join('')}${untold.join('')}`;
  });
  const cpus = state.cpus.map((cpu) => `  ${cpuLine(cpu, name)}\n`);
  const last = state.event === null ? 'before the first event' : `last event at ${state.event} ns`;
  return `${style.strong(state.trace.path)} at ${state.at} ns (${last})\n${schedulers.join('')}${cpus.join('')}`;
}

function cpuLine(cpu: CapsStateCpu, name: (id: ExactNumber | null) => string): string {
  const parts = [
    `CPU ${cpu.cpu}${cpu.cid === null ? '' : ` = cid ${cpu.cid}`}: ${cpu.current ?? 'what runs is not known'}${cpu.owner === null ? '' : ` of ${name(cpu.owner)}`}`,
    cpu.pending === null
      ? 'folds due not known'
      : cpu.pending.length === 0
        ? ''
        : `folds due for ${cpu.pending.map(name).join(', ')}`,
    cpu.rejected.length === 0 ? '' : `rejected: ${cpu.rejected.join(', ')}`,
    cpu.parked.length === 0 ? '' : `parked for rescue: ${cpu.parked.join(', ')}`,
    cpu.rescuee === null ? '' : `being rescued: ${cpu.rescuee}`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}
