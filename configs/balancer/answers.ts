/** The part of an HTTP answer that tells who sent it. */
interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Whether HAProxy itself answered, because no server of the route did. */
export function isFromBalancer({ status, body }: Answer): boolean {
  return [502, 503, 504].includes(status) && /^<html><body><h1>50\d /.test(body);
}
