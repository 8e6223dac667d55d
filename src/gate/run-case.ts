// Tests one trace: replays it as its expectation says and compares. Never throws for what the trace or its author did wrong.
import { explained, InputError, UsageError } from '../errors.ts';
import { type Baseline, judgeWithBaseline } from '../findings/baseline.ts';
import { compareWithExpectation, type Difference, deriveExpectation } from '../findings/expectation.ts';
import { type Fingerprint, fingerprintKey, plainFingerprint } from '../findings/fingerprint.ts';
import { positionOf, type ReplayResult } from '../findings/result.ts';
import type { TestCase, TestOutcome } from '../findings/test-report.ts';
import { EXIT, isHeldAgainst } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { parseKernelVersion } from '../kernel/release.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { exact } from '../replay/evidence.ts';
import { runReplay } from '../replay/run.ts';
import { RULES } from '../rules/index.ts';
import type { ExpectationJson, ExpectedFinding } from '../trace/expectation.ts';
import type { Domain } from '../vtime/domain.ts';
import { loadDomain } from '../vtime/load-domain.ts';
import { type Candidate, EXPECTATION_ENDING, stemOf } from './discover.ts';
import { checkNames, readExpectation, rewriteHeaderExpectation, writeExpectation } from './expectation-file.ts';
import { mentionsExpect } from './peek.ts';

export interface CaseOptions {
  /** Rewrite the expectation instead of failing; a named trace without one gets one. */
  readonly update: boolean;
  readonly baseline?: Baseline | undefined;
}

export interface CaseResult {
  /** Undefined: the trace has no expectation and needs none. */
  readonly case: TestCase | undefined;
  /** Baseline entries that this trace shows, and those that it does not although it could. */
  readonly shown: readonly Fingerprint[];
  readonly fixed: readonly Fingerprint[];
}

/** An expectation on an event of the trace: this rule must report there. */
interface EventExpectation extends ExpectedFinding {
  readonly position: string;
}

interface Expected {
  readonly where: string;
  readonly kind: 'file' | 'header' | 'events' | 'none';
  readonly expectation: ExpectationJson;
}

const NOTHING = { shown: [], fixed: [] };

export async function runCase(candidate: Candidate, options: CaseOptions): Promise<CaseResult> {
  try {
    return await replayCase(candidate, options);
  } catch (error) {
    const cause = await explained(error);
    if (cause instanceof InputError) return failed(candidate, cause.describe(), EXIT.noVerdict);
    if (cause instanceof UsageError) return failed(candidate, cause.message, EXIT.usage);
    throw cause;
  }
}

function failed(candidate: Candidate, error: string, exitCode: number): CaseResult {
  return {
    case: {
      path: candidate.path,
      expectation: candidate.file ?? candidate.path,
      outcome: 'failed',
      verdict: null,
      checked: 0,
      differences: [],
      error,
      exit_code: exitCode,
    },
    ...NOTHING,
  };
}

async function replayCase(candidate: Candidate, options: CaseOptions): Promise<CaseResult> {
  const { path } = candidate;
  const source = await openInput(path);
  try {
    const trace = await openTrace(source);
    const expected = await findExpectation(candidate, trace);
    if (expected.kind === 'none' && !candidate.named) return { case: undefined, ...NOTHING };
    if (expected.kind === 'none' && !options.update)
      throw new UsageError(`${path}: the trace has no expectation; --update writes one`);
    const watched = expected.kind === 'events' ? new EventExpectations(trace) : undefined;
    const domain = await loadDomain(trace.header.domain);
    const result = replay(watched ?? trace, path, expected.expectation, { domain, baseline: options.baseline });
    const differences =
      watched === undefined
        ? compareWithExpectation(result, expected.expectation)
        : compareWithEvents(result, watched.expectations);
    const updated = options.update && differences.length + (expected.kind === 'none' ? 1 : 0) > 0;
    if (updated) update(expected, result);
    const outcome: TestOutcome = updated ? 'updated' : differences.length > 0 ? 'different' : 'as expected';
    return {
      case: {
        path,
        expectation: expected.where,
        outcome,
        verdict: result.verdict,
        checked: result.rules.reduce((sum, rule) => sum + rule.checked, 0),
        differences,
        error: null,
        exit_code: outcome === 'different' ? EXIT.violation : EXIT.ok,
      },
      fixed: result.baseline?.fixed ?? [],
      shown: shownBy(result, options.baseline),
    };
  } finally {
    source.close();
  }
}

async function findExpectation({ path, file }: Candidate, trace: OpenTrace): Promise<Expected> {
  if (file !== undefined) return { where: file, kind: 'file', expectation: await readExpectation(file) };
  const { expect } = trace.header;
  if (expect !== undefined) {
    checkNames(path, expect);
    return { where: path, kind: 'header', expectation: expect };
  }
  if (mentionsExpect(path)) return { where: 'events', kind: 'events', expectation: {} };
  return { where: `${stemOf(path)}${EXPECTATION_ENDING}`, kind: 'none', expectation: {} };
}

function replay(
  trace: OpenTrace,
  path: string,
  expectation: ExpectationJson,
  { domain, baseline }: { readonly domain: Domain; readonly baseline: Baseline | undefined },
): ReplayResult {
  const kernel = expectation.kernel === undefined ? undefined : parseKernelVersion(expectation.kernel);
  const rules = expectation.rules === undefined ? RULES : RULES.filter(({ id }) => expectation.rules?.includes(id));
  const result = runReplay(trace, { path, rules, domain, ...(kernel === undefined ? {} : { kernel }) });
  return baseline === undefined ? result : judgeWithBaseline(result, baseline, { strict: false });
}

function shownBy(result: ReplayResult, baseline: Baseline | undefined): readonly Fingerprint[] {
  const gone = new Set([...(result.baseline?.fixed ?? []), ...(result.baseline?.unchecked ?? [])].map(fingerprintKey));
  return (baseline?.findings ?? []).filter((entry) => !gone.has(fingerprintKey(entry))).map(plainFingerprint);
}

function update(expected: Expected, result: ReplayResult): void {
  if (expected.kind === 'events')
    throw new UsageError(`${result.trace.path}: its events carry the expectations; change them by hand`);
  const derived = deriveExpectation(result, expected.kind === 'none' ? undefined : expected.expectation);
  if (expected.kind === 'header') rewriteHeaderExpectation(expected.where, derived);
  else writeExpectation(expected.where, derived);
}

/** A trace whose events carry expectations: passes everything on and notes them. */
class EventExpectations implements OpenTrace {
  readonly expectations: EventExpectation[] = [];
  readonly #trace: OpenTrace;
  #noted = false;

  constructor(trace: OpenTrace) {
    this.#trace = trace;
  }

  get format(): string {
    return this.#trace.format;
  }

  get header(): OpenTrace['header'] {
    return this.#trace.header;
  }

  get timeBase(): bigint {
    return this.#trace.timeBase;
  }

  get unused(): OpenTrace['unused'] {
    return this.#trace.unused;
  }

  get absorbed(): number {
    return this.#trace.absorbed;
  }

  positionOf(place: Parameters<OpenTrace['positionOf']>[0]): string {
    return this.#trace.positionOf(place);
  }

  /** Only the first pass notes: the second looks for evidence. */
  run(sink: Parameters<OpenTrace['run']>[0]): void {
    const trace = this.#trace;
    const note = !this.#noted;
    this.#noted = true;
    trace.run({
      event: (event) => {
        if (note && event.expect !== '') {
          const ts = exact(trace.timeBase + BigInt(event.t));
          const position = trace.positionOf(event);
          for (const rule of event.expect.split(' ')) if (rule !== '') this.expectations.push({ rule, ts, position });
        }
        return sink.event(event);
      },
    });
  }
}

/** Expectations on events name rule and time; they hold for violations and possible findings alike. */
function compareWithEvents(result: ReplayResult, expectations: readonly EventExpectation[]): Difference[] {
  const open = [...expectations];
  const differences: Difference[] = [];
  for (const finding of result.findings) {
    if (!isHeldAgainst(finding.verdict) || finding.known === true) continue;
    const i = open.findIndex((entry) => entry.rule === finding.rule && entry.ts === finding.ts);
    if (i >= 0) open.splice(i, 1);
    else {
      const found = `${finding.rule} at ${finding.ts} ns`;
      const { rule, message } = finding;
      differences.push({ kind: 'appeared', rule, expected: null, found, message, position: positionOf(finding) });
    }
  }
  for (const { rule, ts, position } of open) {
    const expected = `${rule} at ${ts} ns`;
    differences.push({ kind: 'vanished', rule, expected, found: null, message: null, position });
  }
  return differences;
}
