import type { Log } from '../../lib/app/ports.ts';

const ignore = (): void => undefined;

/** A log that keeps nothing, for tests that do not read it. */
export const SILENT_LOG: Log = {
  isDebugEnabled: false,
  addFields: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
};
