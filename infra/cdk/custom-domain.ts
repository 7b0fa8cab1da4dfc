import { aws_apigatewayv2 as apigateway, type aws_certificatemanager as acm } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { ReceiverApi } from './api.ts';

/** A name of the team's own for the API. */
export interface CustomDomainProps {
  readonly domainName: string;
  /** Its certificate in ACM, of the same region. */
  readonly certificate: acm.ICertificate;
  /** The path under which the API answers there. Default: the root. */
  readonly basePath?: string;
}

/** The API's own domain and the mapping of a path of it; the DNS record is the team's to make. */
export class ReceiverDomain extends Construct {
  /** Where the DNS record of the domain points. */
  readonly target: string;
  readonly url: string;

  constructor(scope: Construct, id: string, { api, stage }: ReceiverApi, props: CustomDomainProps) {
    super(scope, id);
    const { domainName, certificate } = props;
    const basePath = (props.basePath ?? '').replaceAll(/^\/+|\/+$/g, '');
    const domain = new apigateway.DomainName(this, 'DomainName', {
      domainName,
      certificate,
      endpointType: apigateway.EndpointType.REGIONAL,
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
    });
    new apigateway.ApiMapping(this, 'Mapping', {
      api,
      domainName: domain,
      stage,
      ...(basePath !== '' && { apiMappingKey: basePath }),
    });
    this.target = domain.regionalDomainName;
    this.url = `https://${[domainName, basePath].filter(Boolean).join('/')}`;
  }
}
