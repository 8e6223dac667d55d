// What is printed of a rule, in the terminal and in the docs: taken from its declaration, written nowhere else.
import { errorSite, formatAt } from '../kernel/error-sites.ts';
import { NEWEST_RELEASE } from '../kernel/release.ts';
import type { RuleSpec } from './rule.ts';

/** Kernel message of the rule's error site in the newest release; undefined when the kernel does not check it. */
export function kernelMessage(rule: RuleSpec): string | undefined {
  return rule.site === undefined ? undefined : formatAt(errorSite(rule.site), NEWEST_RELEASE);
}

/** Who checks the rule, and how far a trace shows it: the classes of `Observability`, or that the kernel does not check. */
export function observabilityOf(rule: RuleSpec): string {
  return rule.site === undefined ? 'checker' : errorSite(rule.site).observability;
}

/** `6.14 on`, `7.1 to 7.2`, `all`. */
export function versionsOf(rule: RuleSpec): string {
  if (rule.until !== undefined) return `${rule.since ?? '6.12'} to ${rule.until}`;
  return rule.since === undefined ? 'all' : `${rule.since} on`;
}

/** Event types that the rule needs, alternatives as `a or b`. */
export function needsOf(rule: RuleSpec): readonly string[] {
  return rule.needs.map((need) => (typeof need === 'string' ? need : need.join(' or ')));
}
