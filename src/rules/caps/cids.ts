// Rules about the cid space: layouts that are published, and cids that are named.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

const REPORT = 'Nothing that a scheduler can do: report it with the trace.';

export const CID_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'cid-bijection',
    title: 'Every possible CPU has exactly one cid, and every cid one CPU.',
    fn: 'scx_cid_init, scx_bpf_cid_override',
    needs: ['cid_map'],
    meaning: 'The published tables are no bijection between the cids and the possible CPUs.',
    causes: ['a kernel bug'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-layout-default',
    title: 'Without an override the layout is the one that follows from the topology.',
    fn: 'scx_cid_init',
    needs: ['cid_map'],
    meaning: 'The published layout differs from what the core derives from nodes, caches and cores of the online CPUs.',
    causes: ['a kernel bug', 'a topology snapshot that was taken before or after a hotplug'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-layout-override',
    title: 'After an accepted override the layout is the one that was asked for.',
    fn: 'scx_bpf_cid_override',
    needs: ['cid_map'],
    meaning: 'The published layout differs from the last override that passed all checks.',
    causes: ['a kernel bug'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-shards-partition',
    title: 'Shards follow each other without gaps, are not empty, and have at most 512 cids.',
    fn: 'scx_cid_init, scx_bpf_cid_override',
    needs: ['cid_map'],
    meaning: 'The shards of the published layout do not tile the cid space.',
    causes: ['a kernel bug'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-layout-stable',
    title: 'A layout does not change while its root scheduler lives.',
    fn: 'scx_cid_publish_tables',
    needs: ['cid_map'],
    meaning: 'A layout was published a second time with other contents, or an event shows another CPU for a cid.',
    causes: ['a kernel bug'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-range',
    title: 'Every cid that is named exists.',
    fn: 'cid_valid',
    needs: [['cap_grant', 'cap_sync', 'cap_notify']],
    meaning: 'An event names a cid outside the cid space.',
    causes: ['a kernel bug', 'a damaged recording'],
    avoid: REPORT,
  }),
  capsRule({
    id: 'cid-topo-consistent',
    title: 'Core, cache, node and shard of every cid are contiguous ranges that contain each other.',
    fn: 'scx_bpf_cid_topo',
    needs: ['cid_map'],
    meaning: 'The topology of a cid contradicts that of its neighbours.',
    causes: ['a kernel bug'],
    avoid: REPORT,
  }),
];
