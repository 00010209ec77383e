import { type IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { identityOf } from '@sluice/service-kit';
import { KEY_HOLDER } from '../api-keys/api-key-gate.js';

/** Who requests come from, for what is shared out among callers. */
@Injectable()
export class Callers {
  /** Address of a request's client, as far as the proxies before us are believed; set when the service is put together. */
  addressOf: (request: IncomingMessage) => string = ({ socket }) => socket.remoteAddress ?? '';

  /** The account; the address of those who do not say who they are, and of those who share the application's keys. */
  nameOf(request: IncomingMessage): string {
    const { kind, account } = identityOf(request);
    const isShared = kind === 'none' || kind === 'unknown' || account === KEY_HOLDER.account;
    return isShared ? `address ${this.addressOf(request)}` : `account ${account}`;
  }
}
