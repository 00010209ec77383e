import { Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { Executor } from '../graphql/executor.js';
import { LEGACY_PROTOCOL, LegacyWs } from './legacy-ws.js';
import { SocketSink } from './socket-sink.js';
import { speakTransportWs } from './transport-ws.js';

/** As the library closes a socket that speaks neither. */
const PROTOCOL_NOT_ACCEPTABLE = 4406;

/** WebSocket `/graphql`: subscriptions, queries and mutations, in both sub-protocols. */
@Injectable()
export class GraphqlSocket implements SocketRoute<null> {
  readonly path = '/graphql';
  readonly protocols = [GRAPHQL_TRANSPORT_WS_PROTOCOL, LEGACY_PROTOCOL];

  constructor(
    router: UpgradeRouter,
    private readonly executor: Executor,
    private readonly host: GraphQLSchemaHost,
  ) {
    router.register(this);
  }

  prepare(): null {
    return null;
  }

  accept(connection: Connection, _context: null, { identity }: UpgradeRequest): void {
    const { ws } = connection;
    const sink = new SocketSink(connection);
    if (ws.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      const closed = speakTransportWs(sink, identity, { executor: this.executor, schema: this.host.schema });
      ws.once('close', (code, reason) => closed(code, reason.toString()));
    } else if (ws.protocol === LEGACY_PROTOCOL) {
      const legacy = new LegacyWs(sink, this.executor, identity);
      ws.once('close', () => legacy.close());
    } else {
      sink.close(PROTOCOL_NOT_ACCEPTABLE, `Subprotocol not acceptable: speak ${this.protocols.join(' or ')}`);
    }
  }
}
