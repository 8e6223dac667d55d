import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/vm/*.vm.ts'], testTimeout: 120_000 },
});
