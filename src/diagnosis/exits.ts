// One exit, told several times: by its dump, by the tool that ran the scheduler, by the kernel log, by the events of a trace.
import type { ParsedText } from '../dump/dump.ts';
import { codeOf, explain } from '../explain/explanation.ts';
import { kindOfReason, matchSite, type Recognition, recogniseKind } from '../explain/recognise.ts';
import { EXIT_KIND, exitReason, isErrorKind } from '../kernel/exit.ts';
import type { Release } from '../kernel/release.ts';
import type { DumpExit } from './result.ts';

type Source = DumpExit['sources'][number];

/** An exit as one source tells of it. */
export interface ExitReport {
  readonly source: Source;
  readonly line: number;
  readonly scheduler: string;
  /** Undefined: the source does not say it. */
  readonly kind: number | undefined;
  /** '' unknown. */
  readonly reason: string;
  readonly message: string;
  readonly cut: boolean;
  readonly cpu: number | undefined;
  readonly code: bigint | undefined;
}

interface Draft {
  readonly reports: ExitReport[];
  scheduler: string;
  kind: number | undefined;
  reason: string;
  message: string;
  cut: boolean;
  cpu: number | undefined;
  code: bigint | undefined;
}

/** The exits that a text tells of, each once. `releases` are those that its dumps can be of. */
export function collectExits(
  parsed: ParsedText,
  more: readonly ExitReport[],
  release: Release | undefined,
  positionOf: (line: number) => string | null,
): { readonly exits: readonly DumpExit[]; readonly ofDump: readonly (number | null)[] } {
  const dumps = parsed.dumps.map((dump): ExitReport | undefined => {
    const { trigger, reason } = dump;
    if (trigger?.kind !== 'exit' && reason === undefined) return undefined;
    const exit = trigger?.kind === 'exit' ? trigger : undefined;
    return {
      source: 'dump',
      line: dump.line,
      scheduler: dump.owner?.name ?? '',
      kind: exit?.exitKind,
      reason: reason ?? '',
      message: dump.message ?? '',
      cut: dump.messageCut || dump.message === undefined,
      cpu: exit?.exitCpu,
      code: undefined,
    };
  });
  const reports = [...dumps, ...ofTools(parsed), ...ofLog(parsed), ...more].filter((report) => report !== undefined);
  const order = parsed.decoration.reversed ? -1 : 1;
  reports.sort((a, b) => (a.line - b.line) * order);
  const drafts: Draft[] = [];
  for (const report of reports) merge(drafts, report);
  return {
    exits: drafts.map((draft) => finish(draft, release, positionOf)),
    ofDump: dumps.map((report) => {
      const index = drafts.findIndex((draft) => report !== undefined && draft.reports.includes(report));
      return index < 0 ? null : index;
    }),
  };
}

function* ofTools(parsed: ParsedText): Generator<ExitReport> {
  for (const exit of parsed.exits) {
    yield {
      source: 'tool',
      line: exit.line,
      scheduler: '',
      kind: kindOfReason(exit.reason),
      reason: exit.reason,
      message: exit.message,
      cut: exit.messageCut,
      cpu: exit.exitCpu,
      code: undefined,
    };
  }
}

/** `disabled (REASON)`, and the message that follows for the same scheduler. */
function* ofLog(parsed: ParsedText): Generator<ExitReport> {
  for (const [i, line] of parsed.log.entries()) {
    if (line.kind !== 'disabled') continue;
    const next = parsed.log[i + 1];
    const message = next?.kind === 'message' && next.name === line.name ? next.text : '';
    yield {
      source: 'log',
      line: line.line,
      scheduler: line.name,
      kind: kindOfReason(line.text),
      reason: line.text,
      message,
      // Exits that are no errors have no line for their message.
      cut: message === '',
      cpu: undefined,
      code: undefined,
    };
  }
}

function merge(drafts: Draft[], report: ExitReport): void {
  const draft = drafts.findLast(
    (other) => other.reports.every(({ source }) => source !== report.source) && isSame(other, report),
  );
  if (draft === undefined) {
    drafts.push({ ...report, reports: [report] });
    return;
  }
  draft.reports.push(report);
  if (draft.scheduler === '') draft.scheduler = report.scheduler;
  if (draft.reason === '') draft.reason = report.reason;
  draft.kind ??= report.kind;
  draft.cpu ??= report.cpu;
  draft.code ??= report.code;
  if (report.message.length > draft.message.length || (draft.cut && !report.cut)) {
    draft.message = report.message;
    draft.cut = report.cut;
  }
}

function isSame(draft: Draft, report: ExitReport): boolean {
  if (draft.scheduler !== '' && report.scheduler !== '' && draft.scheduler !== report.scheduler) return false;
  if (draft.kind !== undefined && report.kind !== undefined && draft.kind !== report.kind) return false;
  if (draft.message === report.message) return true;
  // Line ends of a message may have been lost.
  const a = flat(draft.message);
  const b = flat(report.message);
  return a === b || (draft.cut && b.startsWith(a)) || (report.cut && a.startsWith(b));
}

function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function finish(draft: Draft, release: Release | undefined, positionOf: (line: number) => string | null): DumpExit {
  const kind = draft.kind ?? kindOfReason(draft.reason) ?? kindOfMessage(draft.message, release);
  const explanation = explanationOf(draft, kind, release);
  const code = draft.code === undefined ? explanation?.exit : codeOf(draft.code);
  return {
    sources: [...new Set(draft.reports.map(({ source }) => source))],
    lines: draft.reports.map(({ line }) => line),
    positions: draft.reports.map(({ line }) => positionOf(line)),
    scheduler: draft.scheduler === '' ? null : draft.scheduler,
    kind: kind ?? null,
    reason: draft.reason !== '' ? draft.reason : kind === undefined ? '' : exitReason(kind),
    message: draft.message,
    message_cut: draft.cut && draft.message !== '',
    cpu: draft.cpu ?? null,
    code: code?.code ?? null,
    code_meaning: code?.code_meaning ?? null,
    error: kind !== undefined && isErrorKind(kind),
    explanation,
  };
}

function kindOfMessage(message: string, release: Release | undefined): number | undefined {
  return message === '' ? undefined : matchSite(message, undefined, release)?.site.kind;
}

function explanationOf(draft: Draft, kind: number | undefined, release: Release | undefined): DumpExit['explanation'] {
  const exit = { reason: draft.reason, kind, exitCpu: draft.cpu, scheduler: draft.scheduler };
  const fromBpf = kind === EXIT_KIND.ERROR_BPF || kind === EXIT_KIND.UNREG_BPF;
  const match = fromBpf ? undefined : matchSite(draft.message, kind, release);
  const found: Recognition | undefined =
    match === undefined ? recogniseKind(draft.message, exit) : { what: 'site', message: draft.message, match, exit };
  return found === undefined ? null : explain(found);
}
