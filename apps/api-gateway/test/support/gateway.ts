import { type Service } from '@sluice/service-kit';
import { createGateway } from '../../src/create-gateway.js';

/** A gateway in this process, on a free port. */
export interface TestGateway {
  readonly service: Service;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly ws: string;
  readonly port: number;
  /** URL of the ptg dialect's own door. */
  readonly ptgUrl: string;
  close(): Promise<void>;
}

/** Starts a gateway in front of a stream store at this address. */
export async function startGateway(
  streamStoreUrl: string,
  environment: Record<string, string> = {},
): Promise<TestGateway> {
  const service = await createGateway({
    SLUICE_API_GATEWAY_PORT: '0',
    SLUICE_API_GATEWAY_PTG_PORT: '0',
    SLUICE_LOG_LEVEL: 'silent',
    SLUICE_STREAM_STORE_URL: streamStoreUrl,
    ...environment,
  });
  const url = await service.listen();
  return {
    service,
    url,
    ws: url.replace('http', 'ws'),
    port: Number(new URL(url).port),
    ptgUrl: service.doorUrls.get('ptg') ?? '',
    close: () => service.close(),
  };
}
