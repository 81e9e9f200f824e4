package partman.sidecar.report;

import io.micrometer.core.instrument.Tag;
import java.util.ArrayList;
import java.util.List;

/** One line of a scrape without its value; the label values are in the order of the metric's labels. */
record Series(Metric metric, List<String> labelValues) {

    Series {
        if (labelValues.size() != metric.labels().size()) {
            throw new IllegalArgumentException(metric + " has the labels " + metric.labels() + ", not " + labelValues);
        }
    }

    List<Tag> tags() {
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < labelValues.size(); i++) {
            tags.add(Tag.of(metric.labels().get(i).label(), labelValues.get(i)));
        }
        return tags;
    }
}
