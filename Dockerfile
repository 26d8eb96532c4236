# One image that SageMaker trains, serves and transforms with; see docs/aws.md.
#
#   docker build -t reviewdesk .                                  every family but networks
#   docker build -t reviewdesk --build-arg EXTRAS=aws,lambda,networks .  networks too; torch is large
FROM python:3.11-slim

ARG EXTRAS=aws,lambda,networks-serve
# Kernels are compiled for this CPU, by LLVM's name, so that they run on all that can do as much:
# x86-64-v3 is Haswell and Zen or later. On ARM: --build-arg CPU=neoverse-n1.
ARG CPU=x86-64-v3
ENV NUMBA_CPU_NAME=${CPU} \
    NUMBA_CPU_FEATURES="" \
    XDG_CACHE_HOME=/home/desk/cache \
    PYTHONUNBUFFERED=1

COPY . /source
RUN pip install --no-cache-dir -c /source/constraints.txt "/source[${EXTRAS}]" && rm -rf /source
RUN useradd --create-home --uid 1000 desk
USER desk
WORKDIR /home/desk
RUN reviewdesk warm
# Lambda runs it as a user of its own choice, who copies these to a cache of their own.
USER root
RUN cp -r /home/desk/cache/reviewdesk/kernels /opt/kernels && chmod -R a+rX /opt/kernels
ENV REVIEWDESK_IMAGE_KERNELS=/opt/kernels
USER desk

# The words train and serve come behind it, so that signals reach Python itself.
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
EXPOSE 8080
ENTRYPOINT ["python", "-m", "reviewdesk.aws"]
