import { serviceNameOf, type FunctionName } from '../../functions.ts';

/** Returns the name under which a function logs and emits metrics; `DEPLOYMENT_NAME` separates deployments. */
export function readServiceName(name: FunctionName): string {
  return serviceNameOf(name, process.env['DEPLOYMENT_NAME'] || undefined);
}
