using Qua2SeDiMo.Samples;

switch (args)
{
    case ["run", string model, string run]:
        RunModel.Run(model, run);
        return 0;
    case ["generate", string model, string images]:
        GenerateImages.Run(model, images);
        return 0;
    case ["multiply"]:
        Console.WriteLine($"{MultiplyPacked.Run().Length} values");
        return 0;
    default:
        Console.Error.WriteLine("run MODEL RUN_DIRECTORY | generate MODEL IMAGE_FOLDER | multiply");
        return 2;
}
