import type { CustomDomain, Deployment } from '../deployment.ts';
import { values } from '../values.ts';
import { attribute, logicalIds, ref, sub, type Intrinsic, type Resources } from './template.ts';

const { api } = values;

/**
 * Makes the HTTP API, its stage, the one integration that every route has, and the right to call the receiver through it: what the
 * framework makes too, otherwise, for a function with a route in serverless.yml.
 */
export function apiResources(name: string, { domain }: Deployment): Resources {
  return {
    [logicalIds.api]: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: {
        Name: name,
        Description: api.description,
        ProtocolType: 'HTTP',
        // With a domain of its own, the API has one address only.
        DisableExecuteApiEndpoint: domain !== undefined,
      },
    },
    [logicalIds.stage]: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: {
        ApiId: ref(logicalIds.api),
        StageName: '$default',
        AutoDeploy: true,
        DefaultRouteSettings: {
          ThrottlingRateLimit: api.throttlingRateLimit,
          ThrottlingBurstLimit: api.throttlingBurstLimit,
        },
        AccessLogSettings: {
          DestinationArn: attribute(logicalIds.accessLogs, 'Arn'),
          Format: JSON.stringify(api.accessLogFormat),
        },
      },
    },
    [logicalIds.integration]: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: ref(logicalIds.api),
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: attribute(logicalIds.receiver.function, 'Arn'),
        PayloadFormatVersion: '2.0',
        TimeoutInMillis: api.integrationTimeoutMs,
      },
      // It cannot be removed while the reconciler's routes use it, and goes with the API.
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    },
    [logicalIds.permission]: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName: attribute(logicalIds.receiver.function, 'Arn'),
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: sub(
          'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/POST/bitbucket/*',
        ),
      },
    },
  };
}

/** Makes what the API needs beside: its access logs and, where asked for, a domain of its own. */
export function apiAttachments(name: string, { domain, logRetentionDays }: Deployment): Resources {
  return {
    [logicalIds.accessLogs]: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: `/aws/apigateway/${name}`, RetentionInDays: logRetentionDays },
    },
    ...(domain !== undefined && domainResources(domain)),
  };
}

/** Gives the public base URL: as set, or else the custom domain's, or else the API's own. */
export function receiverBaseUrl({ receiverBaseUrl: url, domain }: Deployment): Intrinsic {
  if (url !== undefined) return url;
  if (domain !== undefined)
    return `https://${[domain.domainName, domain.basePath].filter(Boolean).join('/')}`;
  return attribute(logicalIds.api, 'ApiEndpoint');
}

function domainResources({ domainName, certificateArn, basePath }: CustomDomain): Resources {
  return {
    [logicalIds.domain]: {
      Type: 'AWS::ApiGatewayV2::DomainName',
      Properties: {
        DomainName: domainName,
        DomainNameConfigurations: [
          { CertificateArn: certificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
        ],
      },
    },
    [logicalIds.mapping]: {
      Type: 'AWS::ApiGatewayV2::ApiMapping',
      Properties: {
        ApiId: ref(logicalIds.api),
        DomainName: ref(logicalIds.domain),
        Stage: '$default',
        ...(basePath !== '' && { ApiMappingKey: basePath }),
      },
      DependsOn: [logicalIds.stage],
    },
  };
}
