// Rules about an error site without a module of their own: predicted where the trace shows the cause, else by the message.
import { type ErrorSite, formatAt } from '../../kernel/error-sites.ts';
import { isErrorKind } from '../../kernel/exit.ts';
import { NEWEST_RELEASE } from '../../kernel/release.ts';
import { type Moment, typeOf } from '../../trace/moment.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';
import { defineRule, type RuleHandlers, type RuleSpec } from '../rule.ts';
import { checksOf, type IsCheck, reportError, reportExits } from './kernel-error-rule.ts';

/** What cannot be generated from the site. */
export interface SiteAdvice {
  readonly causes?: readonly string[];
  readonly avoid?: string;
}

/** Where the model predicts the error of a site: the events at which the core makes the check. */
export interface SiteCheck {
  readonly at: readonly Moment[];
  /** Further events without which it cannot be predicted. */
  readonly needs?: readonly EventType[];
  /** Only these of the events are checks; default: all. */
  readonly isCheck?: IsCheck;
  /** What is not known when a check is undecided. */
  readonly unknown?: string;
}

/** The rule of an error site. Without a `check` it reports when a scheduler ends with the message of that site. */
export function messageRule(site: ErrorSite, advice: SiteAdvice = {}, check?: SiteCheck): RuleSpec {
  const ejected = isErrorKind(site.kind);
  const text = formatAt(site, NEWEST_RELEASE);
  return defineRule({
    id: site.id,
    site: site.id,
    title: ejected
      ? `The kernel does not end the scheduler because ${site.meaning}.`
      : `A scheduler ends without an error: ${site.meaning}.`,
    severity: ejected ? 'error' : 'info',
    fn: site.fn,
    since: site.since,
    ...(site.until === undefined ? {} : { until: site.until }),
    needs: check === undefined ? ['sched_exit'] : [...new Set([...check.at.map(typeOf), ...(check.needs ?? [])])],
    meaning: `${sentence(site.meaning)}. The kernel ${ejected ? 'ejects' : 'ends'} the scheduler${text === '' ? '' : ' with the message of this rule'}.`,
    causes: advice.causes ?? [`${site.meaning}; the message names the details`],
    avoid: advice.avoid ?? 'Do what the message asks for; the backtrace in the debug dump shows the caller.',
    create(context) {
      return {
        ...checksOf(context, check?.at ?? [], check?.isCheck, check?.unknown),
        onError: (error) => reportError(context, error),
        onEnd: () => {
          const ended = reportExits(context, site);
          if (check === undefined) for (let i = 0; i < ended; i++) context.checked();
        },
      } satisfies RuleHandlers;
    },
  });
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
