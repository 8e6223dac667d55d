// The rules of all error sites that have no module of their own: generated from the table of sites.
import { ERROR_SITES } from '../kernel/error-sites.ts';
import type { RuleSpec } from './rule.ts';
import { messageRule, type SiteAdvice } from './shared/message-rule.ts';
import { SITE_CHECKS } from './shared/site-checks.ts';

/** Advice that the table of sites does not hold, by site. */
const ADVICE: Readonly<Record<string, SiteAdvice>> = {
  'bpf-error': {
    causes: ['the scheduler called scx_bpf_error(): its own check failed'],
    avoid: 'Look at the check in the scheduler; the vtime rules find the usual one (vtime too far ahead) long before.',
  },
  'watchdog-stall': {
    causes: [
      'the workqueue of the watchdog was starved, for example because kworkers are ext tasks that the scheduler does not run',
    ],
    avoid: 'Give kernel threads, above all per-CPU kworkers, a way past the scheduler (dispatch them locally).',
  },
  'enq-last-without-enqueue': { avoid: 'Implement ops.enqueue() or clear SCX_OPS_ENQ_LAST.' },
  'init-failed': {
    causes: ['ops.init() returned an error number, which the message shows'],
    avoid: 'Check what ops.init() does: creation of DSQs, maps, CPU counts.',
  },
  'init-task-failed': {
    causes: ['allocation of per-task storage failed', 'ops.init_task() refuses the task'],
    avoid: 'Handle failed allocations; return 0 for tasks that need nothing.',
  },
  'hotplug-not-handled': {
    causes: ['a CPU went on- or offline while the scheduler was loaded'],
    avoid: 'Implement ops.cpu_online() and ops.cpu_offline(), or let the loader restart on SCX_ECODE_RSN_HOTPLUG.',
  },
  'peek-builtin-dsq': { avoid: 'Peek only into DSQs that the scheduler created.' },
  'kfunc-invalid-cpu': {
    causes: ['a negative error code was used as a CPU number', 'an index was not checked against scx_bpf_nr_cpu_ids()'],
    avoid: 'Check CPU numbers before they reach a kfunc.',
  },
};

/** Rules for the sites that are in `ERROR_SITES` and not in `taken`. */
export function messageRules(taken: ReadonlySet<string>): readonly RuleSpec[] {
  return ERROR_SITES.filter((site) => !taken.has(site.id)).map((site) =>
    messageRule(site, ADVICE[site.id], SITE_CHECKS[site.id]),
  );
}
