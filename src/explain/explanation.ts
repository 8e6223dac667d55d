// What a message, an exit or a warning of the kernel means, as data: the source of the terminal and the JSON form.

import { ERROR_SITES, type ErrorSite } from '../kernel/error-sites.ts';
import { exitReason } from '../kernel/exit.ts';
import { decodeExitCode, ECODE_CGROUP_OFFLINE, ECODE_HOTPLUG, formatExitCode } from '../kernel/exit-code.ts';
import { RELEASES, type Release } from '../kernel/release.ts';
import { SITE_ADVICE } from '../rules/common/site-advice.ts';
import { findRule } from '../rules/index.ts';
import type { RuleSpec, Severity } from '../rules/rule.ts';
import { literalLength, tokenize } from './format-tokens.ts';
import { type ExitWords, type Recognition, recognise, siteTexts } from './recognise.ts';
import { type RecordAdvice, recordFor } from './record.ts';
import { type MessageValue, namedValues } from './values.ts';

export interface ExplainedExit {
  readonly kind: number | null;
  readonly reason: string;
  /** Exit code that the kernel gives with it, where it follows from the site. */
  readonly code: string | null;
  readonly code_meaning: string | null;
  readonly cpu: number | null;
  readonly scheduler: string | null;
}

export interface ExplainedRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** `predicts` from the events of a trace, or only `recognises` the exit by its words. */
  readonly how: 'predicts' | 'recognises';
}

export interface Explanation {
  /** `check`: the core checks this and ends the scheduler; `exit`: an exit without words of the kernel; `notice`: a log line. */
  readonly what: 'check' | 'exit' | 'notice';
  /** Id of the site or notice. */
  readonly id: string;
  /** The message without what stood around it. */
  readonly message: string;
  /** Only the beginning of the message is there. */
  readonly cut: boolean;
  readonly format: string | null;
  /** Releases in which the text exists. */
  readonly versions: string;
  /** The texts of the same check in other releases. */
  readonly other_texts: readonly { readonly format: string; readonly versions: string }[];
  /** Kernel function, where it is known. */
  readonly fn: string | null;
  readonly exit: ExplainedExit | null;
  readonly meaning: string;
  readonly values: readonly MessageValue[];
  readonly causes: readonly string[];
  readonly avoid: string;
  readonly rule: ExplainedRule | null;
  readonly record: RecordAdvice | null;
  /** Other checks that print the very same text. */
  readonly same_text: readonly { readonly id: string; readonly meaning: string }[];
}

/** Explains a text; undefined when it is none that this program knows. */
export function explainText(text: string, release?: Release): Explanation | undefined {
  const found = recognise(text, release);
  return found === undefined ? undefined : explain(found);
}

export function explain(found: Recognition): Explanation {
  switch (found.what) {
    case 'site':
      return explainSite(found);
    case 'exit':
      return explainExit(found);
    case 'kind':
      return explainKind(found);
    case 'notice':
      return explainNotice(found);
  }
}

function explainSite({ message, match, exit }: Extract<Recognition, { what: 'site' }>): Explanation {
  const { site, text, args, cut, twins } = match;
  return {
    ...aboutSite(site),
    what: 'check',
    message,
    cut,
    format: text.format,
    versions: versionsText(text.since, text.until),
    other_texts: siteTexts(site)
      .filter((other) => other !== text)
      .map((other) => ({ format: other.format, versions: versionsText(other.since, other.until) })),
    exit: exitOf(site, exit),
    values: namedValues(text.tokens, args),
    same_text: twins.map((twin) => ({ id: twin.id, meaning: twin.meaning })),
  };
}

function explainExit({ message, site, exit }: Extract<Recognition, { what: 'exit' }>): Explanation {
  return {
    ...aboutSite(site),
    what: 'exit',
    message,
    cut: false,
    format: null,
    versions: versionsText(site.since, site.until),
    other_texts: [],
    exit: exitOf(site, exit),
    values: [],
    same_text: [],
  };
}

/** An exit whose message is missing or unknown: what its kind says, and which checks have it. */
function explainKind({ message, kind, exit }: Extract<Recognition, { what: 'kind' }>): Explanation {
  const sites = ERROR_SITES.filter((site) => site.kind === kind);
  const about = ABOUT_KIND[kind];
  const which =
    message === ''
      ? 'Which check it was only the message says, and it is not there.'
      : 'Its message is none that this program knows: of another release, or of a patched kernel.';
  return {
    what: 'exit',
    id: `exit-kind-${kind}`,
    message,
    cut: false,
    format: null,
    versions: versionsText(FIRST_WITH_KIND[kind] ?? '6.12', undefined),
    other_texts: [],
    fn: null,
    exit: {
      kind,
      reason: exitReason(kind),
      ...codeOf(undefined),
      cpu: exit.exitCpu ?? null,
      scheduler: exit.scheduler === '' ? null : exit.scheduler,
    },
    meaning: `${about?.meaning ?? 'The kernel ended the scheduler.'} ${which}`,
    values: [],
    causes: about?.causes ?? [],
    avoid: 'Look for the message: in the debug dump, in the EXIT line of the loader, in the kernel log.',
    rule: null,
    record: null,
    same_text: sites.length <= FEW_SITES ? sites.map(({ id, meaning }) => ({ id, meaning })) : [],
  };
}

/** Kinds with more checks than this are not listed check by check. */
const FEW_SITES = 4;
const FIRST_WITH_KIND: Readonly<Record<number, Release>> = { 1027: '7.3', 1028: '7.3' };
const ABOUT_KIND: Readonly<Record<number, { readonly meaning: string; readonly causes: readonly string[] }>> = {
  66: {
    meaning: 'The kernel asked the scheduler to leave; this is no error, and a loader may load it again.',
    causes: ['a CPU went on- or offline', 'the cgroup of a sub-scheduler was removed'],
  },
  1024: {
    meaning: 'The kernel found an error in what the scheduler did, and ejected it.',
    causes: ['a call or a verdict of the scheduler broke a rule of the core'],
  },
  1026: {
    meaning: 'The watchdog ejected the scheduler.',
    causes: ['a runnable task did not run within the timeout', 'the watchdog itself did not get to run'],
  },
  1027: {
    meaning: 'The kernel ejected the scheduler because a task was re-enqueued too often without running.',
    causes: ['the scheduler repeats a placement that is refused'],
  },
  1028: {
    meaning: 'The kernel ejected a sub-scheduler because it used too much rescue time.',
    causes: ['tasks are dispatched to CPUs on which the sub-scheduler holds no capability'],
  },
};

function aboutSite(
  site: ErrorSite,
): Pick<Explanation, 'id' | 'fn' | 'meaning' | 'causes' | 'avoid' | 'rule' | 'record'> {
  const rule = findRule(site.id);
  const advice = SITE_ADVICE[site.id];
  return {
    id: site.id,
    fn: site.fn,
    meaning: rule?.meaning ?? `${site.meaning.slice(0, 1).toUpperCase()}${site.meaning.slice(1)}.`,
    causes: rule?.causes ?? advice?.causes ?? [],
    avoid: rule?.avoid ?? advice?.avoid ?? '',
    rule: rule === undefined ? null : aboutRule(rule),
    record: rule === undefined ? null : recordFor(rule),
  };
}

function aboutRule(rule: RuleSpec): ExplainedRule {
  const { id, title, severity } = rule;
  const onlyExit = rule.needs.length === 1 && rule.needs[0] === 'sched_exit';
  return { id, title, severity, how: onlyExit ? 'recognises' : 'predicts' };
}

function explainNotice({ message, notice, tokens, args }: Extract<Recognition, { what: 'notice' }>): Explanation {
  return {
    what: 'notice',
    id: notice.id,
    message,
    cut: false,
    format: notice.format,
    versions: versionsText(notice.since, notice.until),
    other_texts: [],
    fn: notice.fn ?? null,
    exit: null,
    meaning: `${notice.meaning.slice(0, 1).toUpperCase()}${notice.meaning.slice(1)}.`,
    values: namedValues(tokens, args),
    causes: notice.causes,
    avoid: notice.avoid,
    rule: null,
    record: null,
    same_text: [],
  };
}

/** Exit codes that the kernel itself gives. */
const CODES: Readonly<Record<string, bigint>> = {
  'hotplug-not-handled': ECODE_HOTPLUG,
  'hotplug-seq-mismatch': ECODE_HOTPLUG,
  'sub-cgroup-offline': ECODE_CGROUP_OFFLINE,
};

function exitOf(site: ErrorSite, words: ExitWords | undefined): ExplainedExit {
  const code = CODES[site.id];
  return {
    kind: words?.kind ?? site.kind,
    reason: words !== undefined && words.reason !== '' ? words.reason : exitReason(site.kind),
    ...codeOf(code),
    cpu: words?.exitCpu ?? null,
    scheduler: words === undefined || words.scheduler === '' ? null : words.scheduler,
  };
}

/** An exit code as it is written, and taken apart. */
export function codeOf(code: bigint | undefined): Pick<ExplainedExit, 'code' | 'code_meaning'> {
  if (code === undefined) return { code: null, code_meaning: null };
  const { action, reason } = decodeExitCode(code);
  const text = `0x${BigInt.asUintN(64, code).toString(16)}`;
  return { code: text, code_meaning: action === '' && reason === '' ? null : formatExitCode(code) };
}

/** `6.14 on`, `7.1 to 7.2`, `all releases`. */
export function versionsText(since: Release, until: Release | undefined): string {
  if (until !== undefined) return since === until ? since : `${since} to ${until}`;
  return since === RELEASES[0] ? 'all releases' : `${since} on`;
}

export interface Suggestion {
  readonly id: string;
  readonly format: string;
}

/** Texts that share most words with one that is not known, best first. */
export function suggestions(
  text: string,
  sites: readonly { readonly id: string; readonly format: string }[],
  count = 3,
): Suggestion[] {
  const words = wordsOf(text);
  return sites
    .filter((site) => site.format !== '')
    .map((site) => {
      const own = wordsOf(tokenize(site.format).literals.join(' '));
      const shared = [...own].filter((word) => words.has(word)).reduce((sum, word) => sum + word.length, 0);
      return { site, score: shared / (literalLength(tokenize(site.format)) + 8) };
    })
    .filter(({ score }) => score > 0.1)
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ site: { id, format } }) => ({ id, format }));
}

function wordsOf(text: string): Set<string> {
  return new Set(
    (
      text
        .slice(0, 4096)
        .toLowerCase()
        .match(/[a-z_]{3,}/g) ?? []
    ).filter((word) => word !== 'the'),
  );
}
