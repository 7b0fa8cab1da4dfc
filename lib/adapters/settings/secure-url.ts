/** Returns whether a URL is plain http on loopback, which is inside the function's own environment. */
export function isLoopbackHttp(url: string): boolean {
  return /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/.test(url);
}

/** Returns whether what is sent to a URL stays secret: https, or http on loopback. */
export function isSecureUrl(url: string): boolean {
  return (url.startsWith('https://') && URL.canParse(url)) || isLoopbackHttp(url);
}
