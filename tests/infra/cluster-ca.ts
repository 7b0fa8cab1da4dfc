import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The CA certificate of a cluster that never was, as EKS gives it. */
export const clusterCa = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'certificate', 'ca.pem'),
).toString('base64');
