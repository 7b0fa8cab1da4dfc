import type {
  aws_certificatemanager as acm,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_sns as sns,
} from 'aws-cdk-lib';
import type { FunctionName } from '../lib/functions.ts';

/** The part of an EKS cluster construct that is used: of aws-eks or aws-eks-v2, new or imported with these attributes. */
export interface EksClusterConstruct {
  readonly clusterName: string;
  readonly clusterEndpoint: string;
  readonly clusterCertificateAuthorityData: string;
  addManifest?(id: string, ...manifest: Record<string, unknown>[]): unknown;
}

/** The cluster in the forms in which a team may have it. */
export type ClusterProp =
  | EksClusterConstruct
  | { readonly name: string; readonly endpoint: string; readonly ca: string }
  | { readonly kubeconfigSecret: string };

/** A private Composer registry that is kept in step with the pushes. */
export interface RegistryProps {
  /** Its base URL, such as https://packages.example.com. */
  readonly url: string;
  /** Name or ARN of the secret that holds its token. Default: it needs none. */
  readonly tokenSecret?: string | undefined;
  /** Name or ARN of the secret that signs the deliveries to its path. Default: unsigned ones are accepted there. */
  readonly webhookSecret?: string | undefined;
  /** The Bitbucket of packages whose `repository_url` is relative. Default: Bitbucket Cloud. */
  readonly bitbucketUrl?: string | undefined;
}

/** A domain of the team's own for the API. */
export interface CustomDomainProps {
  readonly domainName: string;
  /** Its certificate in ACM, in the same region. */
  readonly certificate: acm.ICertificate;
  /** The path under which the API answers there. Default: the root. */
  readonly basePath?: string;
}

/** Access to Bitbucket's own API. */
export interface BitbucketProps {
  /** The name or ARN of the Secrets Manager secret with the credentials. */
  readonly credentialsSecret: string;
  /** The address of Bitbucket Cloud's API. Default: `https://api.bitbucket.org`. */
  readonly cloudApiUrl?: string;
  /** True: path filters decide by the files that a push changed. Default: false. */
  readonly changedFiles?: boolean;
}

/** The choices of a team; each has a default. */
export interface KargoFrontDoorProps {
  /** Begins the names of functions, log groups, alarms and the dashboard. Default: the stack's name. */
  readonly name?: string | undefined;
  /**
   * The cluster: a construct of aws-eks or aws-eks-v2; or its name, endpoint and CA data; or the name or ARN of a Secrets Manager
   * secret that holds a kubeconfig. Default: the secret `kargo-front-door/kubeconfig`; none where there is a `registry`.
   */
  readonly cluster?: ClusterProp | undefined;
  /** The package registry. Default: none. */
  readonly registry?: RegistryProps | undefined;
  /** Applies infra/rbac through the cluster construct. Default: false; apply it with kubectl. */
  readonly applyRbac?: boolean | undefined;
  /** The VPC in which the functions run. Default: none, which only reaches a cluster whose API is public. */
  readonly vpc?: ec2.IVpc | undefined;
  /** Its subnets to use. Default: the private ones, with or without a route to the internet. */
  readonly subnets?: ec2.SubnetSelection | undefined;
  /** The functions' security groups. Default: a new one that allows calls to port 443, and none to the functions. */
  readonly securityGroups?: ec2.ISecurityGroup[] | undefined;
  /** The cluster's security group, which is opened for the new one. Default: none. */
  readonly clusterSecurityGroup?: ec2.ISecurityGroup | undefined;
  /**
   * True: the stack has VPC endpoints for the services that the functions call, and only the functions use them. `private-dns`: in the
   * whole VPC the names of these services lead there too, where every other caller is rejected. Default: false.
   */
  readonly vpcEndpoints?: boolean | 'private-dns' | undefined;
  /** True: the functions call only the cluster, the stack's VPC endpoints and `egressCidrs`. Default: false; any address, on port 443. */
  readonly limitEgress?: boolean | undefined;
  /** Ranges of addresses that may be called then: a cluster API without `clusterSecurityGroup`, a registry, Bitbucket. Default: none. */
  readonly egressCidrs?: readonly string[] | undefined;
  /** The public base URL, as in Kargo's `EXTERNAL_WEBHOOK_SERVER_BASE_URL`. Default: that of `domain`, or else the API's own. */
  readonly receiverBaseUrl?: string | undefined;
  /** A domain of the team's own, with its certificate and path. Default: none. */
  readonly domain?: CustomDomainProps | undefined;
  /** `per-receiver`: the reconciler makes a route for each receiver; `shared`: one route for all. Default: `per-receiver`. */
  readonly routes?: 'per-receiver' | 'shared' | undefined;
  /** The beginning of the names of the receivers' secrets. Default: `kargo/`. */
  readonly secretPrefix?: string | undefined;
  /** The rule for those names; it begins with a fixed part. Default: `<secretPrefix>{namespace}/{name}`. */
  readonly secretNameTemplate?: string | undefined;
  /** The key with which the secrets are encrypted. Default: none, for AWS's own key. */
  readonly secretsKey?: kms.IKey | undefined;
  /** The namespace of the ClusterConfig's secrets. Default: `kargo-system-resources`. */
  readonly systemResourcesNamespace?: string | undefined;
  /** How many hours the previous secret stays valid after a rotation. Default: 168. */
  readonly rotationGraceHours?: number | undefined;
  /** The maximum number of Bitbucket receivers that are served per project. Default: 20. */
  readonly maxReceiversPerProject?: number | undefined;
  /** Names and `*` patterns of the projects that are served, and `(cluster)` for the ClusterConfig. Default: all. */
  readonly projects?: readonly string[] | undefined;
  /** True: the reconciler logs what it would write, and writes nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Bitbucket's own API (docs/bitbucket-webhooks.md). Default: it is not used, and there is no registrar. */
  readonly bitbucket?: BitbucketProps | undefined;
  /** The topic that is notified when an alarm starts and ends. Default: none. */
  readonly alarmTopic?: sns.ITopic | undefined;
  /** Each function's memory, in MB. Default: 512. */
  readonly memorySize?: number | undefined;
  /**
   * Reserved concurrency of each function, 0 for none: Lambda keeps the last 100 of an account unreserved, so that a new account with
   * fewer cannot reserve any. Default: 20 for the receiver, 2 for the redelivery, 1 for the others.
   */
  readonly concurrency?: Partial<Readonly<Record<FunctionName, number>>> | undefined;
  /** False: what a target has not finished is answered with 503 and not retried here. Default: true. */
  readonly retryQueue?: boolean | undefined;
  /** How many hours an event is retried, at most 24. Default: 6. */
  readonly retryMaxAgeHours?: number | undefined;
  /** The key that encrypts the retry queue. Default: none, for SQS's own key. */
  readonly queueKey?: kms.IKey | undefined;
  /**
   * A new version of the receiver receives a tenth of the deliveries for so long, and then all; CodeDeploy returns to the previous one when the
   * receiver fails meanwhile. Default: false; a new version receives all at once.
   */
  readonly canary?:
    | '10percent5minutes'
    | '10percent10minutes'
    | '10percent15minutes'
    | '10percent30minutes'
    | false
    | undefined;
  /** How many days logs are kept; one of the numbers that CloudWatch takes. Default: 90. */
  readonly logRetentionDays?: number | undefined;
  /** `retain`: the log groups stay when the stack is deleted; `destroy`: they are deleted with it. Default: `retain`. */
  readonly logRemoval?: 'retain' | 'destroy' | undefined;
  /** The key that encrypts the logs; its policy must allow CloudWatch Logs to use it. Default: none, for AWS's own key. */
  readonly logsKey?: kms.IKey | undefined;
  /** Tags of every resource that takes some. Default: none. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The permissions boundary of the roles. Default: none. */
  readonly permissionsBoundary?: iam.IManagedPolicy | undefined;
  /** Traces with X-Ray. Default: false. */
  readonly tracing?: boolean | undefined;
  /** The lowest level that is logged: TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL or SILENT. Default: INFO. */
  readonly logLevel?: string | undefined;
  /** The code of functions that are bundled elsewhere, with the handlers of the package. Default: the package's own bundles. */
  readonly code?: Partial<Readonly<Record<FunctionName, lambda.Code>>> | undefined;
}
