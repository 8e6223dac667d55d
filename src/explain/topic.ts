// What can be asked about, and the answer as data: a rule, a check of dumps, an event counter, a message of the kernel.
import type { CheckVerdict, DumpCheck } from '../dump/check.ts';
import { DUMP_CHECKS } from '../dump/checks/index.ts';
import { TEXT_CHECKS } from '../dump/text-checks.ts';
import { EVENT_COUNTERS } from '../kernel/counters.ts';
import { ERROR_SITES } from '../kernel/error-sites.ts';
import type { Release } from '../kernel/release.ts';
import { KERNEL_NOTICES } from '../kernel/warnings.ts';
import { kernelMessage, needsOf, versionsOf } from '../rules/facts.ts';
import { findRule, RULES } from '../rules/index.ts';
import type { RuleSpec, Severity } from '../rules/rule.ts';
import { type Explanation, explainText, suggestions, versionsText } from './explanation.ts';
import { type RecordAdvice, recordFor } from './record.ts';

export const EXPLAIN_SCHEMA = 'scx-check/explain@1';

const CHECKS: readonly Omit<DumpCheck, 'run'>[] = [...DUMP_CHECKS, ...TEXT_CHECKS];

export interface RuleTopic {
  readonly kind: 'rule';
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly meaning: string;
  readonly fn: string;
  readonly versions: string;
  /** Message with which the kernel ejects the scheduler; '' one without words, null: the kernel does not check it. */
  readonly kernel_message: string | null;
  readonly needs: readonly string[];
  readonly causes: readonly string[];
  readonly avoid: string;
  readonly record: RecordAdvice;
  /** Rules whose findings follow from it. */
  readonly leads_to: readonly string[];
  /** Rules that lead to it. */
  readonly caused_by: readonly string[];
  /** Checks that find the same in a debug dump. */
  readonly dump_checks: readonly string[];
}

export interface CheckTopic {
  readonly kind: 'dump-check';
  readonly id: string;
  readonly title: string;
  readonly verdicts: readonly CheckVerdict[];
  readonly meaning: string;
  readonly shown_by: string;
  readonly proven_by: string;
  readonly rule: string | null;
}

export interface CounterTopic {
  readonly kind: 'counter';
  readonly id: string;
  readonly versions: string;
  readonly raised: string;
  readonly tells: string;
  readonly doubtful: boolean;
}

export type Topic = RuleTopic | CheckTopic | CounterTopic | ({ readonly kind: 'message' } & Explanation);

export type ExplainDocument = { readonly schema: typeof EXPLAIN_SCHEMA } & Topic;

/** The answer; undefined when the text is nothing that is known. `release`: of which kernel a message is. */
export function aboutTopic(what: string, release?: Release): ExplainDocument | undefined {
  const text = what.trim();
  const id = text.toLowerCase();
  const rule = findRule(id);
  if (rule !== undefined) return { schema: EXPLAIN_SCHEMA, ...aboutRule(rule) };
  const check = CHECKS.find((entry) => entry.id === id);
  if (check !== undefined) return { schema: EXPLAIN_SCHEMA, ...aboutCheck(check) };
  const counter = EVENT_COUNTERS.find(({ name }) => name === text.toUpperCase());
  if (counter !== undefined) {
    const { name, since, until, raised, tells, count } = counter;
    const versions = versionsText(since, until);
    return {
      schema: EXPLAIN_SCHEMA,
      kind: 'counter',
      id: name,
      versions,
      raised,
      tells,
      doubtful: count === 'doubtful',
    };
  }
  const explanation = explainText(text, release);
  return explanation === undefined ? undefined : { schema: EXPLAIN_SCHEMA, kind: 'message', ...explanation };
}

function aboutRule(rule: RuleSpec): RuleTopic {
  return {
    kind: 'rule',
    id: rule.id,
    title: rule.title,
    severity: rule.severity,
    meaning: rule.meaning,
    fn: rule.fn,
    versions: versionsOf(rule),
    kernel_message: kernelMessage(rule) ?? null,
    needs: needsOf(rule),
    causes: rule.causes,
    avoid: rule.avoid,
    record: recordFor(rule),
    leads_to: rule.leadsTo ?? [],
    caused_by: RULES.filter((other) => other.leadsTo?.includes(rule.id) === true).map(({ id }) => id),
    dump_checks: DUMP_CHECKS.filter((check) => check.rule === rule.id).map(({ id }) => id),
  };
}

function aboutCheck(check: Omit<DumpCheck, 'run'>): CheckTopic {
  return {
    kind: 'dump-check',
    id: check.id,
    title: check.title,
    verdicts: check.verdicts,
    meaning: check.meaning,
    shown_by: check.shownBy,
    proven_by: check.provenBy,
    rule: check.rule ?? null,
  };
}

/** What the text may have meant: rules by id, messages by their words. */
export function nearTopics(what: string): readonly string[] {
  const text = what.trim().toLowerCase();
  const ids = [...RULES, ...CHECKS].map(({ id }) => id);
  const byId = /^[a-z][a-z-]*$/.test(text) ? ids.filter((id) => isNear(id, text)).slice(0, 5) : [];
  if (byId.length > 0) return byId;
  const formats = [...ERROR_SITES, ...KERNEL_NOTICES].map(({ id, format }) => ({ id, format }));
  return suggestions(what, formats).map(({ id, format }) => `${JSON.stringify(format)} (${id})`);
}

/** One contains the other, or they share most of their words. */
function isNear(id: string, text: string): boolean {
  if (id.includes(text) || text.includes(id)) return true;
  const words = text.split('-').filter((word) => word.length > 2);
  const own = id.split('-');
  return words.length > 0 && words.filter((word) => own.includes(word)).length * 2 > words.length;
}
