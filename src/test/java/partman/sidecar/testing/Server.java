package partman.sidecar.testing;

/** The pairs of PostgreSQL and pg_partman that tests run on; {@code docker/engine} builds their images. */
public enum Server {
    PG17("17"),
    PG18("18"),
    /** Offers pg_partman 4, which the sidecar refuses. */
    PG15("15"),
    PG17_WITHOUT_PARTMAN("17-without-partman");

    private final String tag;

    Server(String tag) {
        this.tag = tag;
    }

    String tag() {
        return tag;
    }

    String image() {
        return "partman-sidecar/postgres:" + tag;
    }

    @Override
    public String toString() {
        return "PostgreSQL " + tag;
    }
}
