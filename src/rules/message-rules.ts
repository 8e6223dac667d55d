// The rules of all error sites that have no module of their own: generated from the table of sites.
import { ERROR_SITES } from '../kernel/error-sites.ts';
import { messageRule } from './common/message-rule.ts';
import { SITE_ADVICE } from './common/site-advice.ts';
import { SITE_CHECKS } from './common/site-checks.ts';
import type { RuleSpec } from './rule.ts';

/** Rules for the sites that are in `ERROR_SITES` and not in `taken`. */
export function messageRules(taken: ReadonlySet<string>): readonly RuleSpec[] {
  return ERROR_SITES.filter((site) => !taken.has(site.id)).map((site) =>
    messageRule(site, SITE_ADVICE[site.id], SITE_CHECKS[site.id]),
  );
}
