/** Why the webhooks of a subject are not as declared. It is the reason of the condition. */
export type WebhookFailureReason =
  | 'AnnotationInvalid'
  /** The project's Warehouses or Stages cannot be read. */
  | 'ClusterUnavailable'
  | 'CredentialMissing'
  /** 401. */
  | 'TokenRejected'
  /** 403. */
  | 'PermissionMissing'
  /** 404. */
  | 'NotFound'
  /** 429. */
  | 'Throttled'
  /** The budget of requests in an hour is used up. */
  | 'BudgetUsedUp'
  /** 5xx, a timeout, or no connection. */
  | 'BitbucketUnavailable'
  /** Data Center before 8.8 has no webhooks of projects. */
  | 'Unsupported'
  /** Another 4xx. */
  | 'RequestRejected'
  | 'SecretTooLong'
  | 'ReceiverNotReady'
  | 'ConnectionTestFailed'
  | 'DeliveriesFail';

/** A reason for programs, and sentences for people that say what to do. They hold no token, no secret and nothing of a response. */
export interface WebhookFailure {
  readonly reason: WebhookFailureReason;
  readonly message: string;
}
