// Check: counters that tell of refused or overridden decisions are 0.
import { eventCounter } from '../../kernel/counters.ts';
import { defineCheck } from '../check.ts';

export const counterDoubtful = defineCheck({
  id: 'counter-doubtful',
  title: 'Counters that tell of refused or overridden decisions are 0.',
  verdicts: ['info'],
  meaning:
    'The core counts when it does something else than the scheduler decided. What each counter tells stands with it.',
  shownBy: 'the section of event counters',
  provenBy: 'a trace: each addition is a record of its own (scx_event) at the place where it happens',
  run({ facts, checked, report }) {
    for (const { name, value } of facts.dump.counters) {
      const counter = eventCounter(name);
      if (counter === undefined || counter.count === 'normal') continue;
      checked();
      if (value <= 0n) continue;
      report({
        verdict: 'info',
        class: name,
        message: `${name} is ${value}: ${counter.raised}; ${counter.tells}`,
        evidence: [{ line: facts.dump.lastLine, text: `${name}: ${value}` }],
      });
    }
  },
});
