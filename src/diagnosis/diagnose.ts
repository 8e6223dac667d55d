// Builds the result document of `scx-check dump` from a parsed text: exits explained, dumps checked, findings put together.
import type { ParsedText } from '../dump/dump.ts';
import { DumpFacts, stallOf, taskName } from '../dump/facts.ts';
import { releasesOfShape } from '../dump/generation.ts';
import { explain, versionsText } from '../explain/explanation.ts';
import { recognise } from '../explain/recognise.ts';
import type { ExactNumber } from '../findings/result.ts';
import { EXIT } from '../findings/verdict.ts';
import { RELEASES, type Release } from '../kernel/release.ts';
import { KERNEL_NOTICES } from '../kernel/warnings.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { type Loose, ofExits, ofNotices, type PositionOf, runChecks } from './checks.ts';
import { collectExits, type ExitReport } from './exits.ts';
import {
  DUMP_SCHEMA,
  type DumpDocument,
  type DumpFinding,
  type DumpInput,
  type DumpNotice,
  type DumpRelease,
  type DumpResult,
} from './result.ts';
import { counterRow, cpuRow, dsqRows, exactNumber } from './rows.ts';

export interface DiagnoseOptions {
  readonly input: Omit<DumpInput, 'lines' | 'decoration'>;
  /** Kernel that the user names. */
  readonly kernel?: Release | undefined;
  /** Kernel that the trace names. */
  readonly traceKernel?: Release | undefined;
  /** Watchdog timeout that the user names, ms. */
  readonly timeoutMs?: number | undefined;
  /** Watchdog timeout that a trace shows at a line, ms. */
  readonly timeoutAt?: ((line: number) => number | undefined) | undefined;
  /** Exits that the events of a trace show. */
  readonly exits?: readonly ExitReport[];
  /** Place of a line in a trace, and its time. */
  readonly positionOf?: PositionOf;
  readonly timeOf?: (line: number) => bigint | undefined;
}

/** True when there is nothing in the text that this program knows. */
export function isEmpty(parsed: ParsedText, exits: readonly ExitReport[] = []): boolean {
  const { dumps, log, counterSets, state } = parsed;
  return [dumps, parsed.exits, log, counterSets, state, exits].every((list) => list.length === 0);
}

export function diagnose(parsed: ParsedText, options: DiagnoseOptions): DumpResult {
  const positionOf = options.positionOf ?? (() => null);
  const releases = parsed.dumps.map((dump) => releaseOf(releasesOfShape(dump), options));
  const { exits, ofDump } = collectExits(parsed, options.exits ?? [], preferred(releases, options), positionOf);
  const loose: Loose[] = ofExits(exits, positionOf);
  const dumps = parsed.dumps.map((dump, i): DumpDocument => {
    const kernel = releases[i] ?? { releases: RELEASES, source: 'unknown', evidence: [], contradictory: false };
    const fromTrace = options.timeoutMs === undefined ? options.timeoutAt?.(dump.line) : undefined;
    const facts = new DumpFacts(dump, {
      releases: kernel.releases,
      timeoutMs: options.timeoutMs ?? fromTrace,
      timeoutSource: fromTrace === undefined ? 'option' : 'trace',
    });
    const { rows, findings } = runChecks(facts, i, positionOf);
    loose.push(...findings);
    const { trigger, owner } = dump;
    const time = options.timeOf?.(dump.line);
    return {
      line: dump.line,
      last_line: dump.lastLine,
      ts: time === undefined ? null : exactNumber(time),
      owner:
        owner === undefined
          ? null
          : { name: owner.name, level: owner.level, cgroup: cgroupOf(owner.cgroup), path: owner.path ?? null },
      trigger:
        trigger === undefined
          ? null
          : trigger.kind === 'sysrq'
            ? { by: 'sysrq', text: trigger.by ?? null, exit_kind: null, cpu: null, current: null }
            : {
                by: 'exit',
                text: null,
                exit_kind: trigger.exitKind ?? null,
                cpu: trigger.exitCpu ?? null,
                current: trigger.task === undefined ? null : taskName(trigger.task),
              },
      reason: dump.reason ?? null,
      message: dump.message ?? null,
      exit: ofDump[i] ?? null,
      truncated: dump.truncated ?? null,
      headless: dump.headless,
      kernel,
      timeout: {
        source: facts.timeout.source,
        ms: facts.timeout.exactMs ?? null,
        over_ms: facts.timeout.overMs,
        long_ms: facts.timeout.longMs,
      },
      backtrace: dump.backtrace,
      ops_dump: dump.ops,
      cpus: dump.cpus.map((cpu) => cpuRow(cpu, facts)),
      not_listed: notListed(facts),
      dsqs: dsqRows(facts),
      counters: dump.counters.map(counterRow),
      checks: rows,
      unknown: dump.unknown,
    };
  });
  const notices = noticesOf(parsed);
  loose.push(...ofNotices(notices, LEVELS, positionOf));
  const findings = grouped(loose, dumps);
  const verdict = verdictOf(findings, exits.length, dumps);
  return {
    schema: DUMP_SCHEMA,
    input: { ...options.input, lines: parsed.lines, decoration: parsed.decoration },
    verdict,
    exit_code: verdict === 'violation' ? EXIT.violation : EXIT.ok,
    exits,
    dumps,
    findings,
    counter_sets: parsed.counterSets.map(({ line, path, counters }) => ({
      line,
      path,
      counters: counters.map(counterRow),
    })),
    state: parsed.state,
    notices,
  };
}

function cgroupOf(cgroup: bigint | undefined): ExactNumber | null {
  return cgroup === undefined ? null : exactNumber(cgroup);
}

/** CPUs that a complete list leaves out. */
function notListed(facts: DumpFacts): string {
  const missing = new CpuMask();
  for (const cpu of facts.cpus) if (facts.activity(cpu) === 'not-listed') missing.add(cpu);
  return missing.toString();
}

function releaseOf(shape: ReturnType<typeof releasesOfShape>, options: DiagnoseOptions): DumpRelease {
  const evidence = shape.evidence.map(({ text, releases }) => ({ text, releases: spanOf(releases) }));
  const { contradictory } = shape;
  const known = options.kernel ?? options.traceKernel;
  if (known !== undefined) {
    const source = options.kernel === undefined ? 'trace' : 'option';
    return { releases: [known], source, evidence, contradictory };
  }
  const source = shape.releases.length === RELEASES.length ? 'unknown' : 'shape';
  return { releases: shape.releases, source, evidence, contradictory };
}

/** `6.19 to 7.2` */
export function spanOf(releases: readonly Release[]): string {
  const [first] = releases;
  const last = releases.at(-1);
  if (first === undefined || last === undefined) return 'none';
  const whole = RELEASES.indexOf(last) - RELEASES.indexOf(first) + 1 === releases.length;
  return whole ? versionsText(first, last === RELEASES.at(-1) ? undefined : last) : releases.join(', ');
}

/** The release whose texts are preferred when several have the same words. */
function preferred(releases: readonly DumpRelease[], options: DiagnoseOptions): Release | undefined {
  return options.kernel ?? options.traceKernel ?? releases.find((entry) => entry.source === 'shape')?.releases.at(-1);
}

const LEVELS: ReadonlyMap<string, string> = new Map(KERNEL_NOTICES.map(({ id, level }) => [id, level]));

/** Lines of the kernel log that are no part of an exit. */
function noticesOf(parsed: ParsedText): DumpNotice[] {
  return parsed.log.flatMap((line, i): DumpNotice[] => {
    if (line.kind === 'disabled') return [];
    const before = parsed.log[i - 1];
    if (line.kind === 'message' && before?.kind === 'disabled' && before.name === line.name) return [];
    const text =
      line.kind === 'enabled'
        ? `BPF ${line.sub ? 'sub-' : ''}scheduler "${line.name}" enabled${line.partial ? ' (partial)' : ''}`
        : line.kind === 'stack-dump'
          ? `${line.name} (${line.state})${line.runnableDelta === undefined ? '' : `, task runnable for ${0 - line.runnableDelta} ms`}`
          : line.name === ''
            ? line.text
            : `${line.name}: ${line.text}`;
    const found = line.kind === 'stack-dump' ? undefined : recognise(text);
    return [{ line: line.line, text, explanation: found?.what === 'notice' ? explain(found) : null }];
  });
}

/**
 * Findings of one matter get one number: an ejection, the task that it names, and everything about that task; and findings
 * about a task that waits too long.
 */
function grouped(loose: readonly Loose[], dumps: readonly DumpDocument[]): DumpFinding[] {
  const groups = new Map<string, number>();
  const keyOf = (finding: Loose): string[] => {
    const ofTasks = finding.tasks.flatMap(({ comm, pid }) => (pid === null ? [] : [`${comm ?? '?'}[${pid}]`]));
    const named = finding.check === 'scheduler-ejected' ? namedTask(finding.message) : undefined;
    return named === undefined ? ofTasks : [named];
  };
  const waiting = new Set(loose.filter(({ check }) => MATTERS.has(check)).flatMap(keyOf));
  for (const dump of dumps) {
    const stalled = dump.message === null ? undefined : stallOf(dump.message)?.name;
    if (stalled !== undefined) waiting.add(stalled);
  }
  let next = 0;
  return loose.map((finding) => {
    const keys = keyOf(finding).filter((key) => waiting.has(key));
    const known = keys.map((key) => groups.get(key)).find((group) => group !== undefined);
    const group = known ?? next++;
    for (const key of keys) if (!groups.has(key)) groups.set(key, group);
    return { ...finding, group };
  });
}

/** Checks whose subject makes a matter of its own. */
const MATTERS: ReadonlySet<string> = new Set(['scheduler-ejected', 'waiting-too-long']);

/** The task that a stall or re-enqueue message names. */
function namedTask(message: string): string | undefined {
  return /\(([\s\S]*\[-?\d+\]) (?:failed to run for|reenqueued) /.exec(message)?.[1];
}

function verdictOf(
  findings: readonly DumpFinding[],
  exits: number,
  dumps: readonly DumpDocument[],
): DumpResult['verdict'] {
  if (findings.some(({ verdict }) => verdict === 'violation')) return 'violation';
  if (findings.some(({ verdict }) => verdict === 'possible')) return 'possible';
  const checked = exits > 0 || dumps.some((dump) => dump.checks.some(({ verdict }) => verdict === 'pass'));
  return checked ? 'pass' : 'not evaluated';
}
