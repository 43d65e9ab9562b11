// A host of ONNX Runtime that knows nothing of this project: it loads the operators' library by path.
//   host slots                                      places in the runtime's tables, from its header
//   host run RUNTIME OPERATORS MODEL IN OUT DIM...  runs a model of one float input x and one output y; IN and OUT are raw floats
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "onnxruntime_c_api.h"

static const OrtApi* api;

static void require(OrtStatus* status)
{
    if (!status) return;
    fprintf(stderr, "%s\n", api->GetErrorMessage(status));
    exit(1);
}

static void* require_that(void* found, const char* what)
{
    if (found) return found;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

#define SLOT(name, member) printf(name " %zu\n", offsetof(OrtApi, member) / sizeof(void*))
#define MEMBER(name, member) printf("op." name " %zu\n", offsetof(OrtCustomOp, member))

static int slots(void)
{
    SLOT("CreateStatus", CreateStatus);
    SLOT("GetErrorMessage", GetErrorMessage);
    SLOT("CreateCustomOpDomain", CreateCustomOpDomain);
    SLOT("CustomOpDomainAdd", CustomOpDomain_Add);
    SLOT("AddCustomOpDomain", AddCustomOpDomain);
    SLOT("GetTensorMutableData", GetTensorMutableData);
    SLOT("GetDimensionsCount", GetDimensionsCount);
    SLOT("GetDimensions", GetDimensions);
    SLOT("GetTensorTypeAndShape", GetTensorTypeAndShape);
    SLOT("KernelInfoGetAttributeInt64", KernelInfoGetAttribute_int64);
    SLOT("KernelContextGetInputCount", KernelContext_GetInputCount);
    SLOT("KernelContextGetInput", KernelContext_GetInput);
    SLOT("KernelContextGetOutput", KernelContext_GetOutput);
    SLOT("ReleaseStatus", ReleaseStatus);
    SLOT("ReleaseTensorTypeAndShapeInfo", ReleaseTensorTypeAndShapeInfo);
    SLOT("KernelInfoGetAttributeArrayInt64", KernelInfoGetAttributeArray_int64);
    SLOT("KernelContextParallelFor", KernelContext_ParallelFor);
    MEMBER("Version", version);
    MEMBER("CreateKernel", CreateKernel);
    MEMBER("GetName", GetName);
    MEMBER("GetExecutionProviderType", GetExecutionProviderType);
    MEMBER("GetInputType", GetInputType);
    MEMBER("GetInputTypeCount", GetInputTypeCount);
    MEMBER("GetOutputType", GetOutputType);
    MEMBER("GetOutputTypeCount", GetOutputTypeCount);
    MEMBER("KernelCompute", KernelCompute);
    MEMBER("KernelDestroy", KernelDestroy);
    MEMBER("GetInputCharacteristic", GetInputCharacteristic);
    MEMBER("GetOutputCharacteristic", GetOutputCharacteristic);
    MEMBER("GetInputMemoryType", GetInputMemoryType);
    MEMBER("GetVariadicInputMinArity", GetVariadicInputMinArity);
    MEMBER("GetVariadicInputHomogeneity", GetVariadicInputHomogeneity);
    MEMBER("GetVariadicOutputMinArity", GetVariadicOutputMinArity);
    MEMBER("GetVariadicOutputHomogeneity", GetVariadicOutputHomogeneity);
    MEMBER("CreateKernelV2", CreateKernelV2);
    MEMBER("KernelComputeV2", KernelComputeV2);
    MEMBER("InferOutputShape", InferOutputShapeFn);
    MEMBER("GetStartVersion", GetStartVersion);
    MEMBER("GetEndVersion", GetEndVersion);
    MEMBER("GetMayInplace", GetMayInplace);
    MEMBER("ReleaseMayInplace", ReleaseMayInplace);
    MEMBER("GetAliasMap", GetAliasMap);
    MEMBER("ReleaseAliasMap", ReleaseAliasMap);
    return 0;
}

static int run(int argc, char** argv)
{
    void* runtime = require_that(dlopen(argv[2], RTLD_NOW), "no runtime");
    const OrtApiBase* (*base)(void) = (const OrtApiBase* (*)(void))require_that(dlsym(runtime, "OrtGetApiBase"), "no OrtGetApiBase");
    api = (const OrtApi*)require_that((void*)base()->GetApi(ORT_API_VERSION), "another version of the runtime");
    OrtEnv* environment;
    OrtSessionOptions* options;
    OrtSession* session;
    require(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "host", &environment));
    require(api->CreateSessionOptions(&options));
    require(api->SetIntraOpNumThreads(options, 2));
    require(api->RegisterCustomOpsLibrary_V2(options, argv[3]));
    require(api->CreateSession(environment, argv[4], options, &session));

    int64_t shape[8];
    size_t count = 1, rank = (size_t)(argc - 7);
    for (size_t i = 0; i < rank && i < 8; i++) count *= (size_t)(shape[i] = atoll(argv[7 + i]));
    float* input = (float*)require_that(malloc(count * sizeof(float)), "no memory");
    FILE* file = (FILE*)require_that(fopen(argv[5], "rb"), "no input");
    if (fread(input, sizeof(float), count, file) != count) return 3;
    fclose(file);

    OrtMemoryInfo* memory;
    OrtValue *x, *y = NULL;
    const char *x_name = "x", *y_name = "y";
    require(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    require(api->CreateTensorWithDataAsOrtValue(memory, input, count * sizeof(float), shape, rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &x));
    require(api->Run(session, NULL, &x_name, (const OrtValue* const*)&x, 1, &y_name, 1, &y));

    OrtTensorTypeAndShapeInfo* info;
    float* output;
    require(api->GetTensorTypeAndShape(y, &info));
    require(api->GetTensorShapeElementCount(info, &count));
    require(api->GetTensorMutableData(y, (void**)&output));
    file = (FILE*)require_that(fopen(argv[6], "wb"), "no output");
    if (fwrite(output, sizeof(float), count, file) != count) return 3;
    fclose(file);
    api->ReleaseTensorTypeAndShapeInfo(info);
    api->ReleaseValue(y);
    api->ReleaseValue(x);
    api->ReleaseSession(session);
    api->ReleaseSessionOptions(options);
    api->ReleaseEnv(environment);
    return 0;
}

int main(int argc, char** argv)
{
    if (argc == 2 && strcmp(argv[1], "slots") == 0) return slots();
    if (argc > 7 && strcmp(argv[1], "run") == 0) return run(argc, argv);
    return 2;
}
