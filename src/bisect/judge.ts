// What one recording says about its commit: the bug showed, its situation occurred without it, or nothing can be said.
import { UsageError } from '../errors.ts';
import { subjectNames } from '../findings/fingerprint.ts';
import type { ReplayResult } from '../findings/result.ts';
import { findRule } from '../rules/index.ts';
import type { Outcome } from './drive.ts';

/** The bug: a rule, and who it is about. */
export interface Expected {
  readonly rule: string;
  /** Pattern of the subject, `*` stands for anything; undefined: whoever. */
  readonly subject: string | undefined;
}

/** A rule that must have been checked so often in a recording: the proof that the situation occurred. */
export interface Requirement {
  readonly rule: string;
  readonly atLeast: number;
}

/** Parses `RULE` or `RULE:subject`. */
export function parseExpected(text: string, option = '--expect'): Expected {
  const colon = text.indexOf(':');
  const rule = colon < 0 ? text : text.slice(0, colon);
  const subject = colon < 0 ? undefined : text.slice(colon + 1);
  checkRule(rule, option);
  if (subject === '') throw new UsageError(`${option}: no subject behind the colon of ${JSON.stringify(text)}`);
  return { rule, subject };
}

/** Parses `RULE checked >= N`. */
export function parseRequirement(text: string): Requirement {
  const match = /^\s*([\w-]+)\s+checked\s*>=\s*(\d+)\s*$/.exec(text);
  const [, rule, number] = match ?? [];
  if (rule === undefined)
    throw new UsageError(`--require: expected 'RULE checked >= N', found ${JSON.stringify(text)}`);
  checkRule(rule, '--require');
  return { rule, atLeast: Number(number) };
}

function checkRule(id: string, option: string): void {
  if (findRule(id) === undefined)
    throw new UsageError(`${option}: there is no rule ${JSON.stringify(id)}; scx-check rules lists them`);
}

/** The bug as text, as it was given. */
export function expectedName({ rule, subject }: Expected): string {
  return subject === undefined ? rule : `${rule}:${subject}`;
}

/**
 * Only a violation of this rule about this subject is a hit. A violation of something else, a rule that could not be decided,
 * and a recording in which the situation did not occur say nothing.
 */
export function judge(result: ReplayResult, expected: Expected, requirements: readonly Requirement[]): Outcome {
  const { findings, schedulers } = result;
  const pattern = expected.subject === undefined ? undefined : globOf(expected.subject);
  const isSubject = (finding: (typeof findings)[number]): boolean =>
    pattern === undefined || subjectNames(finding, schedulers).some((name) => pattern.test(name));
  const violations = findings.filter(({ verdict }) => verdict === 'violation');
  const hit = violations.find((finding) => finding.rule === expected.rule && isSubject(finding));
  if (hit !== undefined) return { kind: 'hit', reason: hit.message };
  const skip = (reason: string): Outcome => ({ kind: 'skip', reason });
  if (result.incomplete !== undefined)
    return skip(`the recording could be read in part only: ${result.incomplete.error}`);
  const [other] = violations;
  if (other !== undefined) return skip(`another violation: ${other.rule}: ${other.message}`);
  const unlisted = result.rules.find(({ verdict }) => verdict === 'violation');
  if (unlisted !== undefined) return skip(`another violation: ${unlisted.id}`);
  const own = result.rules.find(({ id }) => id === expected.rule);
  if (own !== undefined && (own.verdict === 'possible' || own.verdict === 'inconclusive'))
    return skip(`${expected.rule} is ${own.verdict}: ${own.reason ?? 'see the findings'}`);
  for (const { rule, atLeast } of [{ rule: expected.rule, atLeast: 1 }, ...requirements]) {
    const checked = result.rules.find(({ id }) => id === rule)?.checked ?? 0;
    if (checked < atLeast)
      return skip(`the situation did not occur: ${rule} was checked ${checked} times of ${atLeast}`);
  }
  return { kind: 'miss', reason: `${expected.rule} was checked ${own?.checked ?? 0} times` };
}

/** A pattern in which `*` stands for anything. */
export function globOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
