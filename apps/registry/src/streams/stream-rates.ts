import { Injectable } from '@nestjs/common';
import { RateMeter } from '@sluice/stream-log';

/** Rates of the streams that are looked at, from one look to the next. */
@Injectable()
export class StreamRates extends RateMeter {}
