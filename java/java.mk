# The Java binding: its native library, the JAR, tests, the example, the bench. Included by the Makefile.

MVN ?= mvn
# Quiet, and without colours in logs.
MVN_FLAGS := -B -q -Dstyle.color=never
JAVA_NATIVE := target/java-native/io/trailcore/native
JAVA_PLATFORM := $(shell uname -s | tr 'A-Z' 'a-z' | sed 's/darwin/macos/')-$(shell uname -m | sed 's/arm64/aarch64/')
JNI_LIBRARY := target/release/libtrailcore_jni.so
JAVA_QUICK := target/java-quick
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

.PHONY: java-tools java-library test-java java-install java-example bench-java

# Checks whether Java can be built here; installs what is missing if that is allowed.
java-tools:
	@if ! command -v javac >/dev/null || ! command -v $(MVN) >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq default-jdk-headless maven >/dev/null; \
	  fi; \
	fi
	@mkdir -p target; \
	if command -v javac >/dev/null && command -v $(MVN) >/dev/null; then touch target/java-tools; \
	else rm -f target/java-tools; echo "skipped: the Java binding needs a JDK (17 or later) and Maven"; fi

# The library as the JAR takes it in: without what only debuggers read.
java-library: c-build
	@mkdir -p $(JAVA_NATIVE)/$(JAVA_PLATFORM)
	@strip --strip-debug -o $(JAVA_NATIVE)/$(JAVA_PLATFORM)/libtrailcore_jni.so $(JNI_LIBRARY) 2>/dev/null \
	  || cp $(JNI_LIBRARY) $(JAVA_NATIVE)/$(JAVA_PLATFORM)/libtrailcore_jni.so
	@if nm -D --defined-only $(JNI_LIBRARY) | awk '{ print $$3 }' | sed 's/@.*//' \
	  | grep -vE '^(Java_io_trailcore_Native_[A-Za-z]+|JNI_OnLoad)$$'; then \
	  echo "the library exports more than the native methods"; exit 1; fi

# Tests run with -Xcheck:jni; its messages go to the log, or to a dump where it would disturb the test runner.
test-java: java-tools ## Tests of the Java binding, its javadoc, and the example against the installed artifact
	@if [ -f target/java-tools ]; then $(MAKE) --no-print-directory java-checked; fi

.PHONY: java-checked
java-checked: java-library tested cli-build
	@rm -rf java/target/surefire-reports
	$(MVN) $(MVN_FLAGS) -f java/pom.xml install > target/test-java.log 2>&1 || { cut -c1-400 target/test-java.log | tail -n 80; exit 1; }
	@if grep -hE -A3 '(WARNING|FATAL ERROR) in native method|WARNING: JNI|JNI local refs' \
	  target/test-java.log java/target/surefire-reports/*.dump* 2>/dev/null; then echo "-Xcheck:jni has found something"; exit 1; fi
	@jar tf java/target/trailcore-$(VERSION).jar | grep -q META-INF/THIRD_PARTY_NOTICES.md || (echo "the JAR lacks the licences"; exit 1)
	@grep -h '^Tests run' java/target/surefire-reports/*.txt
	@grep -hE '^Tests run' java/target/surefire-reports/*.txt | sed 's/[^0-9 ]/ /g' \
	  | awk '{ run += $$1; bad += $$2 + $$3; skipped += $$4 } END { print "java: " run - bad - skipped " passed, " bad " failed, " skipped " skipped"; exit bad > 0 || run == 0 }'
	@$(MAKE) --no-print-directory java-example

java-install: java-tools java-library ## Puts the artifact io.trailcore:trailcore into the local Maven repository
	$(MVN) $(MVN_FLAGS) -f java/pom.xml install -DskipTests

# The example sees only the installed artifact; so does the quick start of the guide, in an empty folder.
java-example:
	$(MVN) $(MVN_FLAGS) -f examples/java/pom.xml package
	@cd examples/java && java -jar target/trail-to-json.jar ../../$(DATA)/big/bk | diff - ../../$(DATA)/big.jsonl
	@echo "java: the example prints what the trail holds"
	@python3 ffi/tests/follow.py $(DATA)/big/bk $(DATA)/big.jsonl target/java-follow \
	  java -cp examples/java/target/trail-to-json.jar example.FollowTrail
	$(MVN) $(MVN_FLAGS) -f examples/java/health/pom.xml package
	@printf 'Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:00:02      00:00:05\n' \
	  > target/java-health.txt
	@java -jar examples/java/health/target/health.jar target/java-health.txt | grep -q 'goldengate.stream.lag.*stream=E1.* 2.0'
	@echo "java: the gauges of Micrometer have the lag"
	@rm -rf $(JAVA_QUICK) && mkdir -p $(JAVA_QUICK)/src/main/java
	@awk '/^```xml$$/ && !seen {on = seen = 1; next} /^```$$/ {on = 0} on' docs/java.md > $(JAVA_QUICK)/pom.xml
	@awk '/^```java$$/ && !seen {on = seen = 1; next} /^```$$/ {on = 0} on' docs/java.md > $(JAVA_QUICK)/src/main/java/FirstLook.java
	@cd $(JAVA_QUICK) && $(MVN) $(MVN_FLAGS) compile exec:java -Dexec.mainClass=FirstLook -Dexec.args=$(CURDIR)/$(DATA)/big/bk > postings.txt
	@test "$$(wc -l < $(JAVA_QUICK)/postings.txt)" = "$$(grep -c '"op":"insert","table":"BANK.POSTINGS"' $(DATA)/big.jsonl)"
	@echo "java: the quick start prints every posting"

bench-java: java-tools java-library c-touch ## Java beside Rust and C, touching every column
	@if [ -f target/java-tools ]; then \
	  $(MVN) $(MVN_FLAGS) -f java/pom.xml test-compile && \
	  TRAILCORE_C_TOUCH=$(CURDIR)/$(C_TEST)/bin/touch \
	  TRAILCORE_JAVA_CLASSES=$(CURDIR)/java/target/classes:$(CURDIR)/java/target/test-classes \
	  TRAILCORE_LIBRARY=$(CURDIR)/$(JNI_LIBRARY) $(CARGO) bench --quiet -p trailcore-benches --bench java; fi
