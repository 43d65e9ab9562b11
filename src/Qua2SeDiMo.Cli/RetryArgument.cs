using System.CommandLine;
using Qua2SeDiMo.Studies;

namespace Qua2SeDiMo.Cli;

/// <summary>The option that repeats failed and set-aside trials; every verb that labels allocations has it.</summary>
internal sealed class RetryArgument
{
    private readonly Option<bool> option = new(UnfinishedTrials.RetryOption)
    {
        Description =
            "Take up again the trials that failed, and those set aside because their process died several times in a row",
    };

    internal RetryArgument(Command command) => command.Add(option);

    internal bool Given(ParseResult result) => result.GetValue(option);
}
