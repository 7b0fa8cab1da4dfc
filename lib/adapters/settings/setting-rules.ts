import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { parseBaseUrl, type BaseUrl } from '../../core/kargo/receiver-path.ts';

// What a setting must be for a function to start. The deployment holds the settings that it gives to the functions to the same.

/** Neither a namespace nor a Secret's name can hold a `/`: with one between them, two receivers never share a secret by accident. */
const TEMPLATE = /^[^{}]*\{(namespace|name)\}[^{}]*\/[^{}]*\{(?!\1\})(namespace|name)\}[^{}]*$/;

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads `RECEIVER_BASE_URL` into its parts. */
export const baseUrlRule = v.pipe(
  v.string(),
  v.transform(parseBaseUrl),
  v.custom<BaseUrl>(
    (base) => base !== undefined,
    'must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo',
  ),
);

/** `SECRET_NAME_TEMPLATE`. */
export const secretNameTemplateRule = v.pipe(
  v.string(),
  v.regex(TEMPLATE, 'must hold {namespace} and {name} once each, with a "/" between them'),
);

/** `SYSTEM_RESOURCES_NAMESPACE`. */
export const namespaceRule = v.pipe(v.string(), v.regex(NAMESPACE, 'must be the name of a namespace'));

/** `ROTATION_GRACE_HOURS`, as text. */
export const hoursRule = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?$/, 'must be a number of hours, 0 or more'));

/** `EKS_CLUSTER_ENDPOINT`. */
export const clusterEndpointRule = v.pipe(
  v.string(),
  v.check((text) => text.startsWith('https://') && URL.canParse(text), 'must be an https URL'),
);

/** `EKS_CLUSTER_CA`. */
export const clusterCaRule = v.pipe(
  v.string(),
  v.check(isCertificate, 'must be a certificate in base64, as EKS gives it'),
);

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== undefined;
  } catch {
    return false;
  }
}
