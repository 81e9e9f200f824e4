# The sidecar as a native executable, with what it needs to run and nothing else: no shell, no package manager. Build it from the
# project's root:
#   GRAALVM_HOME=$(docker/graalvm) ./mvnw -Dnative package
#   docker build --file docker/sidecar/native.Dockerfile --tag partman-sidecar/sidecar:native .
# Arguments are the sidecar's: `docker run … partman-sidecar/sidecar:native plan`.
ARG BASE=debian:trixie-slim
FROM $BASE AS parts
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ca-certificates tzdata
COPY target/partman-sidecar-*-runner /parts/partman-sidecar
# The libraries that it names, the certificates that sslrootcert may name, and the time zones that TZ may.
RUN cd /parts \
    && ldd partman-sidecar | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory=. \
    && cp --dereference --parents --target-directory=. /etc/ssl/certs/ca-certificates.crt \
    && cp --recursive --parents --target-directory=. /usr/share/zoneinfo \
    && mkdir --mode=1777 tmp

FROM scratch
COPY --from=parts /parts/ /
LABEL org.opencontainers.image.title=partman-sidecar \
    org.opencontainers.image.description="Keeps tables partitioned by time with pg_partman, next to PostgreSQL" \
    org.opencontainers.image.licenses=Apache-2.0
ENV QUARKUS_HTTP_PORT=9780
EXPOSE 9780
USER 65532:65532
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["/partman-sidecar", "check", "--live"]
ENTRYPOINT ["/partman-sidecar"]
