// Rules about errors that a trace cannot show the cause of: recognised by the exit message, and explained.
import { type ErrorSite, formatAt } from '../../kernel/error-sites.ts';
import { EXIT_KIND, exitReason, isErrorKind } from '../../kernel/exit.ts';
import { NEWEST_RELEASE } from '../../kernel/release.ts';
import { defineRule, type RuleSpec } from '../rule.ts';

/** Ways in which schedulers end every day: the list of schedulers shows them, they are no findings. */
const ORDINARY: ReadonlySet<number> = new Set([EXIT_KIND.UNREG, EXIT_KIND.SYSRQ, EXIT_KIND.PARENT]);

/** What cannot be generated from the site. */
export interface SiteAdvice {
  readonly causes?: readonly string[];
  readonly avoid?: string;
}

/** The rule of an error site that reports when a scheduler ends with the message of that site. */
export function messageRule(site: ErrorSite, advice: SiteAdvice = {}): RuleSpec {
  const ejected = isErrorKind(site.kind);
  const text = formatAt(site, NEWEST_RELEASE);
  return defineRule({
    id: site.id,
    title: ejected
      ? `The kernel does not end the scheduler because ${site.meaning}.`
      : `A scheduler ends without an error: ${site.meaning}.`,
    severity: ejected ? 'error' : 'info',
    fn: site.fn,
    since: site.since,
    ...(site.until === undefined ? {} : { until: site.until }),
    needs: ['sched_exit'],
    meaning: `${sentence(site.meaning)}. The kernel ${ejected ? 'ejects' : 'ends'} the scheduler${text === '' ? '' : ' with the message of this rule'}.`,
    causes: advice.causes ?? [`${site.meaning}; the message names the details`],
    avoid: advice.avoid ?? 'Do what the message asks for; the backtrace in the debug dump shows the caller.',
    create(context) {
      return {
        onEnd() {
          for (const sched of context.model.scheds) {
            const { exit } = sched;
            if (exit === undefined) continue;
            context.checked();
            if (ORDINARY.has(site.kind) || context.explainExit(sched)?.site !== site.id) continue;
            const message = exit.message === undefined || exit.message === '' ? '' : `: ${exit.message}`;
            context.report({
              verdict: ejected ? 'violation' : 'info',
              message: `scheduler ${sched.label} ended (${exitReason(exit.kind)})${message}`,
              cpu: exit.exitCpu,
              sched,
              began: exit.claimSeq,
              at: { seq: exit.claimSeq, t: exit.claimTime },
              note: site.meaning,
            });
          }
        },
      };
    },
  });
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
