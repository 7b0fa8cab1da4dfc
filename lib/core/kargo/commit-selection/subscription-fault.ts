/** Why a Git subscription cannot be evaluated. It is a value: one bad subscription must not cost its neighbours anything. */
export interface SubscriptionFault {
  readonly kind: 'fault';
  /** The field at fault as it is written in the Warehouse, with its index in a list: `allowTagsRegexes[1]`. */
  readonly field: string;
  readonly reason: string;
  /** Field and reason in one line, for a log or a condition. */
  readonly message: string;
}

/** Makes the fault of a field. */
export function subscriptionFault(field: string, reason: string): SubscriptionFault {
  return { kind: 'fault', field, reason, message: `${field}: ${reason}` };
}
